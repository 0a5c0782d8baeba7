import { spawn } from "node:child_process";
import { ClaudemeshError } from "../protocol/error.ts";
import type { InboxItem } from "../protocol/local-api.ts";
import { apiKeyOf, senderOf } from "./message-text.ts";
import { jsonLine, unbroken } from "./printable.ts";

/** A command that is told to stop gets this long before it is killed. */
const stopMs = 5_000;

export interface Run {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly mesh: string;
  /** Where its standard output goes: to ours, or to standard error when ours is JSON. */
  readonly output: "stdout" | "stderr";
  /** Stops the command. */
  readonly signal: AbortSignal;
}

export interface Ended {
  readonly exit_code: number | null;
  /** The signal that ended it. */
  readonly signal: string | null;
}

/**
 * Runs `command` with the user's shell for one message. The message comes as JSON on its standard input and its
 * addresses and ids in the environment; nothing that a sender wrote ever stands on a command line.
 */
export function runForMessage(command: string, item: InboxItem, run: Run): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: run.env["SHELL"] === undefined || run.env["SHELL"] === "" ? true : run.env["SHELL"],
      env: { ...run.env, ...environment(item, run.mesh) },
      stdio: ["pipe", run.output === "stdout" ? "inherit" : 2, "inherit"],
    });
    let killing: NodeJS.Timeout | null = null;
    const stop = (): void => {
      child.kill("SIGTERM");
      killing = setTimeout(() => child.kill("SIGKILL"), stopMs);
    };
    if (run.signal.aborted) stop();
    else run.signal.addEventListener("abort", stop, { once: true });
    const settle = (): void => {
      run.signal.removeEventListener("abort", stop);
      if (killing !== null) clearTimeout(killing);
      child.stdin?.destroy();
    };
    child.once("error", (cause) => {
      settle();
      reject(
        new ClaudemeshError("usage", `--exec cannot be run: ${cause.message}`, {
          hint: "SHELL names the shell that runs it",
          cause,
        }),
      );
    });
    // Not `close`: a process that the command leaves behind may hold its standard input open for ever.
    child.once("exit", (exit_code, signal) => {
      settle();
      resolve({ exit_code, signal });
    });
    // A command need not read its input.
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${jsonLine(item)}\n`);
  });
}

function environment(item: InboxItem, mesh: string): Readonly<Record<string, string>> {
  const values = {
    // Of what nobody has signed it is no address: a script that compares it must not take it for the member's word.
    CLAUDEMESH_FROM: apiKeyOf(item) === null ? senderOf(item) : `${senderOf(item)} via ${item.via}`,
    CLAUDEMESH_VIA: item.via ?? "",
    CLAUDEMESH_TO: item.to,
    CLAUDEMESH_TOPIC: item.topic ?? "",
    CLAUDEMESH_INBOX_ID: String(item.inbox_id),
    CLAUDEMESH_MESSAGE_ID: item.broker_message_id,
    CLAUDEMESH_MESH: mesh,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, unbroken(value)]));
}
