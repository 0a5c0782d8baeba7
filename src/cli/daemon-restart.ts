import { readFileIfPresent } from "../base/atomic-file.ts";
import { findDaemonDir } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import type { ConfigFile } from "./config/config-file.ts";
import { daemonMeant, daemonsOf } from "./daemon-meant.ts";
import { exitCodes } from "./exit-codes.ts";
import type { DaemonStatus, Started } from "./launcher.ts";
import { requireWords } from "./parse-arguments.ts";
import { noteEndedBefore } from "./up.ts";

export const command: Command = {
  name: "daemon restart",
  summary: "Stop the daemon and start it again as it was, so that it reads its settings anew",
  usage: "daemon restart [--mesh SLUG | --all]",
  options: {
    all: { type: "boolean", help: "of every mesh that this home has joined" },
  },
  examples: ["daemon restart", "daemon restart --all"],
  exits: ["notRunning"],
  related: ["config set", "daemon status"],
  async run(context) {
    const { launcher, out, positionals, home, flag } = context;
    requireWords(command, positionals, 0, 0);
    const slugs = flag("all") ? daemonsOf(context) : [daemonMeant(context)];
    const processes = await launcher();
    const daemons: Started<DaemonStatus>[] = [];
    const present = (await processes.status(home)).daemons;
    const ephemeral = present.find(({ mesh, mode }) => mode === "ephemeral" && slugs.includes(mesh));
    if (ephemeral !== undefined)
      throw new ClaudemeshError(
        "usage",
        `the daemon of mesh ${ephemeral.mesh} is ephemeral: its keys would not come back`,
        {
          hint: flag("all") ? "name the others: --mesh SLUG" : "claudemesh down, then claudemesh up --ephemeral",
        },
      );
    for (const slug of slugs) requireSettings(processes.configFile(findDaemonDir(home, slug), "daemon"));
    for (const slug of slugs) {
      await processes.down(home, { daemons: true, broker: false, mesh: slug });
      const daemon = await processes.daemonUp({ home, mesh: slug, http: null, readOnly: null });
      daemons.push(daemon);
      noteEndedBefore(out, daemon);
      if (!flag("json")) out.line(`daemon of ${slug} restarted (pid ${daemon.status.pid ?? "?"})`);
    }
    if (flag("json")) out.json({ daemons });
    return exitCodes.ok;
  },
};

/** What no start could take is refused while the daemon from before still runs. Throws invalid_config. */
function requireSettings(file: ConfigFile): void {
  file.given(readFileIfPresent(file.path)?.toString("utf8") ?? "");
}
