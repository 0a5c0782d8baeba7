import { join } from "node:path";
import type { Override } from "../../protocol/config-overrides.ts";
import { type Check, ok } from "./check.ts";

/** Whether a folder's program could start with its settings, by the program's own reader: its refusal names the line, or the variable, and what helps. */
export function configCheck<Site extends { readonly dir: string }>(
  of: "daemon" | "broker",
  read: (source: string, path: string, overrides: readonly Override[]) => unknown,
): Check<Site> {
  return {
    name: "config",
    run(host, { dir }) {
      const path = join(dir, "config.toml");
      const source = host.text(path);
      const overrides = host.overrides(of, dir);
      read(source ?? "", path, overrides);
      const above = [...new Set(overrides.map(({ name }) => name))].join(", ");
      if (source !== null)
        return [ok(`${path} is valid${above === "" ? "" : `, with what stands above it: ${above}`}`)];
      return [
        ok(
          above === ""
            ? "there is no config.toml: every setting has its default"
            : `there is no config.toml; set: ${above}`,
        ),
      ];
    },
  };
}
