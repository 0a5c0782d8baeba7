import type { Command, CommandContext, Option } from "./command.ts";
import { parseDuration } from "./duration.ts";
import type { ModeRequest } from "./launcher.ts";
import { usage } from "./parse-arguments.ts";

const ttlMsMax = 7 * 86_400_000;

/** How long the keys of a daemon live, of every command that may make one. */
export const modeOptions: Readonly<Record<string, Option>> = {
  persistent: {
    type: "boolean",
    help: "keys and messages on disk, whatever the environment would choose",
  },
  ephemeral: {
    type: "boolean",
    help: "keys and messages in memory alone: they end with the daemon, and the broker forgets the member; the default of CI jobs",
  },
  ttl: {
    type: "string",
    value: "TIME",
    help: "of an ephemeral daemon: it ends by itself after so long, as `2h`; at most 7d",
  },
};

export function readMode({ flag, option }: Pick<CommandContext, "flag" | "option">, command: Command): ModeRequest {
  if (flag("persistent") && flag("ephemeral"))
    throw usage(command, "--persistent and --ephemeral exclude each other", `claudemesh help ${command.name}`);
  const ttl = option("ttl");
  return {
    mode: flag("ephemeral") ? "ephemeral" : flag("persistent") ? "persistent" : null,
    ttlMs: ttl === undefined ? null : parseDuration(ttl, "--ttl", ttlMsMax),
  };
}
