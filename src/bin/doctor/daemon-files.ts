import { join } from "node:path";
import { type DaemonCheck, ok } from "./check.ts";
import { fileFaults, folderFaults } from "./file-rules.ts";

const files = ["mesh.json", "outbox.db", "inbox.db", "config.toml", "daemon.json", "launch.json", "daemon.log"];
/** The daemon refuses to start with these open to others. */
const secrets = ["keypair.json", "local_token"];

export const check: DaemonCheck = {
  name: "files",
  run(host, { dir }) {
    const faults = [
      ...folderFaults(host, dir),
      ...secrets.flatMap((name) => fileFaults(host, join(dir, name), true)),
      ...files.flatMap((name) => fileFaults(host, join(dir, name), false)),
    ];
    return faults.length > 0 ? faults : [ok(`the files in ${dir} belong to this user alone`)];
  },
};
