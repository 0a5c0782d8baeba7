import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type FixedHook, hookEvents, isHook, topicOfHook } from "../../protocol/hook-names.ts";
import type { HooksView, HookView } from "../../protocol/hooks-api.ts";
import { defaultHookSettings } from "../../protocol/hooks-config.ts";
import { faultOfHook } from "./hook-file.ts";
import type { HookRuns } from "./hook-runs.ts";
import type { LiveHooks } from "./live-hooks.ts";

/** Every hook that has a table or an executable, as it is now. */
export function hooksView(
  { folder, live, off }: { readonly folder: string; readonly live: LiveHooks; readonly off: () => string | null },
  runs: Pick<HookRuns, "counts" | "lastOf">,
): Omit<HooksView, "containment"> {
  const counts = runs.counts();
  const count = (hook: string, state: "waiting" | "running"): number =>
    counts.find((one) => one.hook === hook && one.state === state)?.n ?? 0;
  const config = live.config();
  const hooks = [...new Set([...config.keys(), ...executables(folder)])].sort();
  return {
    off: off(),
    path: live.path,
    hooks: hooks.map(
      (hook): HookView => ({
        hook,
        called_when: calledWhen(hook),
        settings: config.get(hook) ?? defaultHookSettings,
        path: join(folder, hook),
        fault: faultOfHook(folder, hook),
        waiting: count(hook, "waiting"),
        running: count(hook, "running"),
        last_run: runs.lastOf(hook),
      }),
    ),
  };
}

function calledWhen(hook: string): string {
  const topic = topicOfHook(hook);
  return topic === null ? hookEvents[hook as FixedHook] : `a message arrived in #${topic}`;
}

function executables(folder: string): string[] {
  try {
    return readdirSync(folder).filter(isHook);
  } catch {
    return [];
  }
}
