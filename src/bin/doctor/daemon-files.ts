import type { DaemonCheck } from "./check.ts";
import { filesCheck } from "./files-check.ts";

export const check: DaemonCheck = filesCheck({
  secrets: ["keypair.json", "membership.jsonl", "topic_keys.json", "local_token"],
  files: ["mesh.json", "outbox.db", "inbox.db", "config.toml", "daemon.json", "launch.json", "daemon.log"],
});
