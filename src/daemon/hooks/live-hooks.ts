import { lstatSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { readFileIfPresent } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { HookSettings } from "../../protocol/hook-settings.ts";
import { type HooksConfig, parseHooksConfig } from "../../protocol/hooks-config.ts";
import { changeableByOthers } from "./hook-file-rules.ts";

/** hooks.toml of a running daemon. */
export interface LiveHooks {
  readonly path: string;
  /** As in force; empty without a file. */
  config(): HooksConfig;
  /** Reads the file again, without putting it in force. Throws invalid_config. */
  read(): HooksConfig;
  /** Answers the settings, `hook.key`, that changed. */
  putInForce(config: HooksConfig): readonly string[];
}

/** Throws invalid_config: a file that is wrong must not leave pre-send out, which may be there to keep something back. */
export function openLiveHooks(path: string): LiveHooks {
  const read = (): HooksConfig => {
    refuseForeign(path);
    return parseHooksConfig(readFileIfPresent(path)?.toString("utf8") ?? "", path);
  };
  let inForce = read();
  return {
    path,
    config: () => inForce,
    read,
    putInForce(config) {
      const changed = changedKeys(inForce, config);
      inForce = config;
      return changed;
    },
  };
}

/** Whoever can write the file decides what runs as this user. */
function refuseForeign(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isFile())
    throw new ClaudemeshError("invalid_config", `${path} is not a file of its own`, {
      hint: "put the file itself there, not a link",
      details: { path },
    });
  if (!changeableByOthers(found, process.getuid?.() ?? null)) return;
  throw new ClaudemeshError("invalid_config", `${path} can be changed by others, and says what runs as this user`, {
    hint: `chmod 600 ${path}`,
    details: { path },
  });
}

function changedKeys(before: HooksConfig, after: HooksConfig): readonly string[] {
  const hooks = [...new Set([...before.keys(), ...after.keys()])].sort();
  return hooks.flatMap((hook) => {
    const [old, now] = [before.get(hook), after.get(hook)];
    const keys = Object.keys(old ?? now ?? {}) as (keyof HookSettings)[];
    return keys.filter((key) => !isDeepStrictEqual(old?.[key], now?.[key])).map((key) => `${hook}.${key}`);
  });
}
