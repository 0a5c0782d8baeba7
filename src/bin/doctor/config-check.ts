import { join } from "node:path";
import { type Check, ok } from "./check.ts";

/** Whether the settings of a folder are valid, by the program's own reader: its refusal names the line and what helps. */
export function configCheck<Site extends { readonly dir: string }>(
  read: (source: string, path: string) => unknown,
): Check<Site> {
  return {
    name: "config",
    run(host, { dir }) {
      const path = join(dir, "config.toml");
      const source = host.text(path);
      if (source === null) return [ok("there is no config.toml: every setting has its default")];
      read(source, path);
      return [ok(`${path} is valid`)];
    },
  };
}
