import { join } from "node:path";
import { shellWords } from "../../cli/shell-words.ts";
import { type HooksConfig, parseHooksConfig } from "../../protocol/hooks-config.ts";
import { type DaemonCheck, ok, type Outcome, problem, warning } from "./check.ts";
import type { Host } from "./host.ts";

/** Whether hooks that are switched on can be held to their policies: by the daemon that runs, else as a start from here would. */
export const check: DaemonCheck = {
  name: "hooks-containment",
  async run(host, { dir, client }) {
    const enabled = enabledHooks(host, dir);
    if (enabled.length === 0) return [];
    const { by, missing, bounds } =
      client === null ? await host.containment(dir) : (await client.hooks.list()).containment;
    if (by !== null) {
      const bounded = bounds.length === 0 ? "; nothing bounds what they take of this host" : "";
      return [ok(`hooks run contained, by ${by}${bounded}`)];
    }
    return enabled.map(([hook, settings]): Outcome => {
      const why = missing.join("; ");
      // A unit of a version that had no hooks lets nobody make the namespaces that they are contained by.
      const hint =
        "install bubblewrap, then: claudemesh daemon restart; where a service of an earlier version runs the daemon: claudemesh install-service";
      return settings.unenforced === "run"
        ? warning(`${hook} runs as you, with your keys and your inbox: nothing contains it here (${why})`, hint)
        : problem(
            `${hook} is enabled and is not run: nothing contains it here (${why})`,
            `${hint}; what is yours to trust: unenforced = "run" in ${shellWords([join(dir, "hooks.toml")])}`,
          );
    });
  },
};

/** What is wrong with the file another check tells. */
function enabledHooks(host: Host, dir: string): [string, NonNullable<ReturnType<HooksConfig["get"]>>][] {
  const path = join(dir, "hooks.toml");
  try {
    return [...parseHooksConfig(host.text(path) ?? "", path)].filter(([, { enabled }]) => enabled);
  } catch {
    return [];
  }
}
