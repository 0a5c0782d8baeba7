import { ClaudemeshError } from "../protocol/error.ts";
import type { Command, CommandContext, Option } from "./command.ts";
import type { SetRequest } from "./launcher.ts";
import { quoted } from "./printable.ts";

/** Settings of one start and of those after it, above config.toml and the environment. */
export const setOptions: Readonly<Record<string, Option>> = {
  set: {
    type: "string",
    multiple: true,
    value: "KEY=VALUE",
    help: "a setting, above config.toml and the environment; recorded for later starts until KEY alone takes it back",
    complete: "config-key",
  },
};

const valueCharsMax = 4_096;

/** What the `--set` options of a command line ask for. Throws `usage`; whether the settings exist, the launcher knows. */
export function readSets(command: Command, { options }: Pick<CommandContext, "options">): SetRequest {
  const set: Record<string, string | null> = {};
  for (const written of options("set")) {
    const [, key = "", value] = /^([a-z0-9_]+\.[a-z0-9_]+)(?:=([\s\S]*))?$/.exec(written) ?? [];
    if (key === "" || (value?.length ?? 0) > valueCharsMax)
      throw new ClaudemeshError("usage", `--set cannot be ${quoted(written)}`, {
        hint: `write table.key=value: claudemesh ${command.name} --set link.ping_seconds=10`,
      });
    set[key] = value ?? null;
  }
  return set;
}
