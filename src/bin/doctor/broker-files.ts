import { join } from "node:path";
import { type BrokerCheck, ok } from "./check.ts";
import { fileFaults, folderFaults } from "./file-rules.ts";

const secrets = ["deployment_key.json", "tls_key.pem"];
const files = ["broker.db", "broker.json", "config.toml", "broker.log"];

export const check: BrokerCheck = {
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
