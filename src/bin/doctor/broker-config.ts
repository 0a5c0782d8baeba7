import { join } from "node:path";
import { parseBrokerConfig } from "../../broker/config.ts";
import { type BrokerCheck, ok } from "./check.ts";

/** The reader's own refusal names the line and what helps. */
export const check: BrokerCheck = {
  name: "config",
  run(host, { dir }) {
    const path = join(dir, "config.toml");
    const source = host.text(path);
    if (source === null) return [ok("there is no config.toml: every setting has its default")];
    parseBrokerConfig(source, path);
    return [ok(`${path} is valid`)];
  },
};
