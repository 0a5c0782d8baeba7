import { join } from "node:path";
import { parseConfig } from "../../daemon/config.ts";
import { type DaemonCheck, ok } from "./check.ts";

/** The reader's own refusal names the line and what helps. */
export const check: DaemonCheck = {
  name: "config",
  run(host, { dir }) {
    const path = join(dir, "config.toml");
    const source = host.text(path);
    if (source === null) return [ok("there is no config.toml: every setting has its default")];
    parseConfig(source, path);
    return [ok(`${path} is valid`)];
  },
};
