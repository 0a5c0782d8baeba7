import { type HomeCheck, ok, type Outcome, warning } from "./check.ts";

/** Options of Node by which a debugger may take over what is started. */
const debugging = /(^|\s)--inspect(-brk|-wait)?(=|\s|$)/;
/** What one command is told by its environment, and what every other one that is started then has, too. */
const secrets = ["CLAUDEMESH_BACKUP_PASSPHRASE"] as const;

/** What this is, where it is no machine like any other, and what this shell hands to whatever is started from it. */
export const check: HomeCheck = {
  name: "environment",
  run({ environment, variable }) {
    const { kind, because } = environment();
    const found: Outcome[] = kind === "host" || because === null ? [] : [ok(because)];
    if (debugging.test(variable("NODE_OPTIONS") ?? ""))
      found.push(
        warning(
          "NODE_OPTIONS lets a debugger into every program that is started here: whoever reaches its port reads the keys",
          "unset NODE_OPTIONS; then: claudemesh daemon restart",
        ),
      );
    for (const name of secrets)
      if (variable(name) !== null)
        found.push(warning(`${name} is set here, so every program that is started from here has it`, `unset ${name}`));
    return found;
  },
};
