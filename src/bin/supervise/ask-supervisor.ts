import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { DaemonStatus } from "../../cli/launcher.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isSupervised } from "./supervisor-lock.ts";
import { removeStartRequest, type StartRequest, startRequestPath, writeStartRequest } from "./start-request.ts";

const startDeadlineMs = 30_000;
const lookIntervalMs = 50;

/**
 * Has the supervisor of the home start a daemon, so that it runs as the service does and not beside it. Resolves with what
 * `look` finds running; null when the supervisor ended meanwhile. Throws the daemon's last words when it ends first. Call
 * under the launch lock.
 */
export async function startBySupervisor(
  home: string,
  dir: string,
  dial: StartRequest["dial"],
  look: () => Promise<DaemonStatus>,
): Promise<DaemonStatus | null> {
  const before = (await look()).last_end?.at ?? null;
  writeStartRequest(dir, { dial, at: Date.now() });
  try {
    for (const deadline = Date.now() + startDeadlineMs; Date.now() < deadline; await pause(lookIntervalMs)) {
      const isTaken = !existsSync(startRequestPath(dir));
      const status = await look();
      if (status.state === "running") return status;
      const { last_end: end } = status;
      if (isTaken && end !== null && end.at !== before)
        throw new ClaudemeshError(
          "not_running",
          `daemon did not start: it ended with code ${end.exit_code}\n${end.message}`,
          {
            hint: end.hint ?? "claudemesh daemon logs",
          },
        );
      if (!isTaken && !isSupervised(home)) return null;
    }
    throw new ClaudemeshError("not_running", `daemon did not start: no answer in ${startDeadlineMs / 1_000} s`, {
      hint: `it was to be started by claudemesh daemon run --all, whose log says more`,
    });
  } finally {
    removeStartRequest(dir);
  }
}
