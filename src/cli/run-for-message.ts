import { ClaudemeshError } from "../protocol/error.ts";
import type { HistoryItem, InboxItem } from "../protocol/local-api.ts";
import { apiKeyOf, memberOf } from "./message-text.ts";
import { jsonLine, unbroken } from "./printable.ts";
import { type Child, type Ended, runChild } from "./run-child.ts";

export interface Run {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly mesh: string;
  /** What comes on its standard input instead of the message. */
  readonly input?: object;
  readonly output: Child["output"];
  /** Stops the command. */
  readonly signal: AbortSignal;
}

/**
 * Runs `command` with the user's shell for one message. The message comes as JSON on its standard input and its
 * addresses and ids in the environment; nothing that a sender wrote ever stands on a command line.
 */
export async function runForMessage(command: string, item: InboxItem, run: Run): Promise<Ended> {
  const shell = run.env["SHELL"];
  try {
    return await runChild({
      file: command,
      args: [],
      shell: shell === undefined || shell === "" ? true : shell,
      env: { ...run.env, ...environment(item, run.mesh) },
      stdin: `${jsonLine(run.input ?? item)}\n`,
      output: run.output,
      signal: run.signal,
    });
  } catch (cause) {
    throw new ClaudemeshError("usage", `--exec cannot be run: ${ClaudemeshError.from(cause).message}`, {
      hint: "SHELL names the shell that runs it",
      cause,
    });
  }
}

function environment(item: InboxItem, mesh: string): Readonly<Record<string, string>> {
  return oneLineValues({
    ...senderValues(item),
    CLAUDEMESH_TO: item.to,
    CLAUDEMESH_TOPIC: item.topic ?? "",
    CLAUDEMESH_INBOX_ID: String(item.inbox_id),
    CLAUDEMESH_MESSAGE_ID: item.broker_message_id,
    CLAUDEMESH_MESH: mesh,
  });
}

type Senders = InboxItem | Extract<HistoryItem, { body: string }>;

/** Of what nobody has signed FROM is no address: a script that compares it must not take it for the member's word. */
export function senderValues(
  item: Senders,
): Readonly<Record<"CLAUDEMESH_FROM" | "CLAUDEMESH_FROM_AGENT" | "CLAUDEMESH_VIA", string>> {
  const sender = memberOf(item);
  return {
    CLAUDEMESH_FROM: apiKeyOf(item) === null ? sender : `${sender} via ${item.via}`,
    // Not in what an older daemon tells.
    CLAUDEMESH_FROM_AGENT: item.from.agent ?? "",
    CLAUDEMESH_VIA: item.via ?? "",
  };
}

/** Values of an environment that others chose: one line each, without control characters. */
export function oneLineValues(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, unbroken(value)]));
}
