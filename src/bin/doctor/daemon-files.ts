import type { DaemonCheck } from "./check.ts";
import { filesCheck } from "./files-check.ts";

export const check: DaemonCheck = filesCheck({
  secrets: ["keypair.json", "keypair-next.json", "membership.jsonl", "topic_keys.json", "local_token"],
  files: [
    "keypair-archive.json",
    "mesh.json",
    "outbox.db",
    "inbox.db",
    "config.toml",
    "daemon.json",
    "launch.json",
    "daemon.log",
  ],
});
