import { lstatSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Clock } from "../../../base/clock.ts";
import { socketLimits } from "./socket-limits.ts";

export type Written =
  | { readonly state: "written"; readonly socket: Socket; readonly broken: Promise<void> }
  /** `gone`: nobody listens there; else it refuses for now. */
  | { readonly state: "failed"; readonly reason: string; readonly gone: boolean };

/** Writes lines to a session's inbox socket; resolves once the system has all of them. */
export function writeLines(path: string, lines: string, clock: Clock): Promise<Written> {
  const wrong = notOurs(path);
  if (wrong !== null) return Promise.resolve({ state: "failed", reason: wrong, gone: true });
  return new Promise((resolve) => {
    const socket = connect(path);
    const failed = (reason: string, gone: boolean): void => {
      timer.cancel();
      socket.destroy();
      resolve({ state: "failed", reason, gone });
    };
    const timer = clock.after(socketLimits.dialMs, () => failed("its socket takes nothing", false));
    let breaks = (): void => {};
    const broken = new Promise<void>((resolve) => {
      breaks = resolve;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // Of a line that was written: it was not read.
      breaks();
      const gone = error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "EACCES";
      failed(
        gone ? "nobody listens at its socket" : `its socket refused the line (${error.code ?? error.message})`,
        gone,
      );
    });
    socket.unref();
    socket.end(lines, () => {
      timer.cancel();
      resolve({ state: "written", socket, broken });
    });
  });
}

/** Whether a session still listens. */
export async function answers(path: string, clock: Clock): Promise<boolean> {
  const written = await writeLines(path, "", clock);
  if (written.state === "written") written.socket.destroy();
  return written.state === "written";
}

/** What a message says is for this user's own sessions: the path came from a hook's environment. */
function notOurs(path: string): string | null {
  // A pipe there, which the session's token guards.
  if (process.platform === "win32") return null;
  try {
    const found = lstatSync(path);
    if (!found.isSocket()) return "its socket is none";
    return found.uid === process.getuid?.() ? null : "its socket is another user's";
  } catch {
    return "its socket is not there";
  }
}
