import { existsSync } from "node:fs";
import type { DaemonStatus, DownAnswer, ProcessEnd } from "../cli/launcher.ts";
import { daemonDirs } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { isEphemeral } from "./ephemeral/ended-folder.ts";
import { exitCodes } from "./exit-codes.ts";
import { brokerDir, stopBroker } from "./launch-broker.ts";
import { daemonStatus, stopDaemon } from "./launch-daemon.ts";

/** The daemons first, so that they hand over what the broker can still take. */
export async function bringDown(
  home: string,
  what: { readonly daemons: boolean; readonly broker: boolean; readonly mesh: string | null },
): Promise<DownAnswer> {
  const dirs = what.daemons ? daemonDirs(home).filter(({ slug }) => what.mesh === null || slug === what.mesh) : [];
  const daemons = [];
  const unsent: ProcessEnd[] = [];
  for (const { slug, dir } of dirs) {
    const stopped = await stopDaemon(home, dir);
    daemons.push({ mesh: slug, stopped });
    const end = stopped && isEphemeral(dir) ? (await statusOf(home, dir))?.last_end : null;
    if (end?.exit_code === exitCodes.messages_unsent) unsent.push(end);
  }
  const dataDir = brokerDir(home);
  const broker = what.broker && existsSync(dataDir) ? { stopped: await stopBroker(dataDir) } : null;
  const [lost] = unsent;
  if (lost !== undefined)
    throw new ClaudemeshError(
      "messages_unsent",
      unsent.map(({ message }) => message.replace("the daemon ends: ", "")).join("; "),
      {
        ...(lost.hint === null ? {} : { hint: lost.hint }),
        details: { daemons, broker },
      },
    );
  return { daemons, broker };
}

/** null: an ephemeral daemon has ended, and its folder with it, since it was found. */
export async function statusOf(home: string, dir: string): Promise<DaemonStatus | null> {
  try {
    return await daemonStatus(home, dir);
  } catch (thrown) {
    if (existsSync(dir)) throw thrown;
    return null;
  }
}
