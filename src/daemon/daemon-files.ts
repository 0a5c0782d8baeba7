import type { FolderFile } from "../base/folder-file.ts";
import { isHook } from "../protocol/hook-names.ts";

/**
 * Everything that stands in a daemon's folder under a name of its own, each told once: `claudemesh doctor` looks at them,
 * a backup takes them, and a test holds the table of docs/operations.md against them. A file that a part writes there has
 * its line here.
 */
export const daemonFiles: readonly FolderFile[] = [
  { name: "keypair.json", kind: "file", secret: true, backup: "always", what: "the member's keys" },
  { name: "keypair-archive.json", kind: "file", secret: true, backup: "always", what: "former keys, in their grace" },
  {
    name: "keypair-next.json",
    kind: "file",
    secret: true,
    backup: "always",
    what: "keys that are to follow, while they are changed",
  },
  {
    name: "membership.jsonl",
    kind: "file",
    secret: true,
    backup: "always",
    what: "the mesh's membership, as this member has verified it",
  },
  { name: "topic_keys.json", kind: "file", secret: true, backup: "always", what: "keys of topics and queues" },
  { name: "mesh.json", kind: "file", secret: false, backup: "always", what: "the mesh, its broker and both pins" },
  {
    name: "host_fingerprint.json",
    kind: "file",
    secret: false,
    backup: "always",
    what: "the host that the member belongs to, as hashes",
  },
  { name: "config.toml", kind: "file", secret: false, backup: "always", what: "settings" },
  { name: "hooks.toml", kind: "file", secret: false, backup: "always", what: "which hooks run, and what they may do" },
  {
    name: "hooks",
    kind: "folder",
    secret: false,
    backup: "always",
    programs: isHook,
    what: "programs that the daemon calls when something happens",
  },
  { name: "schema_version", kind: "file", secret: false, backup: "always", what: "the version of the folder's form" },
  { name: "outbox.db", kind: "database", secret: false, backup: "messages", what: "what was sent" },
  { name: "inbox.db", kind: "database", secret: false, backup: "messages", what: "what arrived" },
  { name: "files", kind: "folder", secret: false, backup: "never", what: "files on their way, sealed" },
  { name: "local_token", kind: "file", secret: true, backup: "never", what: "the token of the local API" },
  { name: "launch.json", kind: "file", secret: false, backup: "never", what: "how the daemon was started" },
  { name: "daemon.json", kind: "file", secret: false, backup: "never", what: "where the running daemon is found" },
  { name: "http.port", kind: "file", secret: false, backup: "never", what: "its port on 127.0.0.1" },
  { name: "sock", kind: "empty", secret: false, backup: "never", what: "the socket of the local API" },
  { name: "daemon.lock", kind: "empty", secret: false, backup: "never", what: "held by the running daemon" },
  { name: "backup.lock", kind: "empty", secret: false, backup: "never", what: "held while a backup is made" },
  {
    name: "backup.tmp",
    kind: "folder",
    secret: false,
    backup: "never",
    what: "copies of the databases, while a backup is made",
  },
  {
    name: "recovering.json",
    kind: "file",
    secret: false,
    backup: "never",
    what: "an exchange of databases that is not finished",
  },
  { name: "recover.tmp", kind: "folder", secret: false, backup: "never", what: "copies that a recovery looks at" },
  { name: "outbox.db.fresh", kind: "file", secret: false, backup: "never", what: "the outbox that a recovery makes" },
  { name: "inbox.db.fresh", kind: "file", secret: false, backup: "never", what: "the inbox that a recovery makes" },
  { name: "daemon.log", kind: "file", secret: false, backup: "never", what: "the log" },
  { name: "start.log", kind: "file", secret: false, backup: "never", what: "what the process said at its last start" },
];
