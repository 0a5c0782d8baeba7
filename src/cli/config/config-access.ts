import { join } from "node:path";
import { readFileIfPresent } from "../../base/atomic-file.ts";
import { findDaemonDir } from "../../client/find-daemon.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { suggest } from "../../protocol/suggest.ts";
import type { CommandContext, Option } from "../command.ts";
import { quoted } from "../printable.ts";
import type { Launcher } from "../launcher.ts";
import type { ConfigFile, ConfigKey } from "./config-file.ts";

export const configOptions: Readonly<Record<string, Option>> = {
  broker: { type: "boolean", help: "settings of this home's broker; without it, of the daemon" },
};

/** The settings that are meant, with what the file says now. */
export interface ConfigAccess {
  readonly file: ConfigFile;
  /** Empty when there is no file. */
  readonly source: string;
  readonly of: "daemon" | "broker";
  /** The mesh's folder, or the broker's. */
  readonly dir: string;
  readonly launcher: Launcher;
}

/** Throws not_running when nothing has been made that could have settings. */
export async function openConfig(context: CommandContext): Promise<ConfigAccess> {
  const of = context.flag("broker") ? "broker" : "daemon";
  const launcher = await context.launcher();
  const dir = of === "broker" ? join(context.home, "broker") : findDaemonDir(context.home, context.mesh);
  const file = launcher.configFile(dir, of);
  return { file, source: readFileIfPresent(file.path)?.toString("utf8") ?? "", of, dir, launcher };
}

/** The key as typed, `table.key`. Throws `usage` with the one that was probably meant. */
export function findKey(file: ConfigFile, typed: string): ConfigKey {
  const found = file.keys.find(({ key }) => key === typed);
  if (found !== undefined) return found;
  const names = file.keys.map(({ key }) => key);
  // The key without its table is what people remember.
  const meant = names.find((name) => name.endsWith(`.${typed}`)) ?? suggest(typed, names)[0];
  throw new ClaudemeshError("usage", `there is no setting ${quoted(typed)}`, {
    hint: meant === undefined ? `known: ${names.join(", ")}` : `did you mean \`${meant}\`?`,
  });
}

/** What puts a change in force; nulls when nothing runs that has read the old value. `live`: of a setting that a daemon takes running. */
export async function commandFor(
  context: CommandContext,
  access: ConfigAccess,
  live: boolean,
): Promise<{ readonly reload: string | null; readonly restart: string | null }> {
  const status = await access.launcher.status(context.home);
  if (access.of === "broker")
    return { reload: null, restart: isUp(status.broker.state) ? "claudemesh broker restart" : null };
  const daemon = status.daemons.find(({ token_file }) => token_file.startsWith(join(access.dir, "/")));
  if (daemon === undefined || !isUp(daemon.state)) return { reload: null, restart: null };
  const which = status.daemons.length > 1 ? ` --mesh ${daemon.mesh}` : "";
  return live
    ? { reload: `claudemesh reload${which}`, restart: null }
    : { reload: null, restart: `claudemesh daemon restart${which}` };
}

function isUp(state: string): boolean {
  return state === "running" || state === "unresponsive";
}
