import { join } from "node:path";
import { type HomeCheck, ok, warning } from "./check.ts";
import { folderFaults } from "./file-rules.ts";

export const check: HomeCheck = {
  name: "home",
  run(host) {
    if (host.stat(host.home) === null)
      return [warning(`there is nothing in ${host.home} yet`, "claudemesh up makes a member there")];
    const faults = [host.home, join(host.home, "daemon")].flatMap((path) => folderFaults(host, path));
    if (host.isLaunching)
      faults.push(warning("another claudemesh up or down of this home is at work", "wait for it, then look again"));
    return faults.length > 0 ? faults : [ok(`${host.home} belongs to this user alone`)];
  },
};
