import type { FolderFile } from "../base/folder-file.ts";

/**
 * Everything that stands in a broker's folder under a name of its own, each told once: `claudemesh doctor` looks at them, a
 * backup takes them, and a test holds the table of docs/operations.md against them.
 */
export const brokerFiles: readonly FolderFile[] = [
  { name: "deployment_key.json", kind: "file", secret: true, backup: "always", what: "the broker's identity" },
  { name: "tls_key.pem", kind: "file", secret: true, backup: "always", what: "the key of its own certificate" },
  { name: "config.toml", kind: "file", secret: false, backup: "always", what: "settings" },
  { name: "listen.json", kind: "file", secret: false, backup: "always", what: "where it was told to listen" },
  { name: "broker.db", kind: "database", secret: false, backup: "messages", what: "messages, members, memberships" },
  { name: "tls_cert.pem", kind: "file", secret: false, backup: "never", what: "the certificate, made around its key" },
  { name: "files", kind: "folder", secret: false, backup: "never", what: "sealed pieces of files" },
  { name: "founders.json", kind: "file", secret: false, backup: "never", what: "whose folders founded its meshes" },
  { name: "store.json", kind: "file", secret: false, backup: "never", what: "that its messages are in PostgreSQL" },
  { name: "broker.json", kind: "file", secret: false, backup: "never", what: "where it listens" },
  { name: "broker.lock", kind: "empty", secret: false, backup: "never", what: "held by the running broker" },
  { name: "admin.sock", kind: "empty", secret: false, backup: "never", what: "the socket of its operator" },
  { name: "backup.lock", kind: "empty", secret: false, backup: "never", what: "held while a backup is made" },
  {
    name: "backup.tmp",
    kind: "folder",
    secret: false,
    backup: "never",
    what: "a copy of the database, while a backup is made",
  },
  { name: "broker.log", kind: "file", secret: false, backup: "never", what: "the log" },
  { name: "start.log", kind: "file", secret: false, backup: "never", what: "what the process said at its last start" },
];
