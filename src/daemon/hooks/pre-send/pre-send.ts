import type { Log } from "../../../base/log.ts";
import { contentHash } from "../../../protocol/content-hash.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { Hooks } from "../hooks.ts";
import { preSendText } from "../../outbox/pre-send-note.ts";
import { type PreSendPayload, preSendPayload } from "./payload.ts";
import { readVerdict, type Verdict } from "./verdict.ts";

const preSendHook = "pre-send";

/** A message as it goes on, with what is kept of the hook's answer. */
export interface Judged {
  readonly body: Uint8Array;
  readonly contentType: string;
  /** outbox/pre-send-note.ts */
  readonly note: string;
}

/** What this host's pre-send hook makes of messages before they are stored. */
export interface PreSend {
  /** Whether there is one to be asked. */
  isOn(): boolean;
  /**
   * Asks it. Rejects hook_refused, with `details.by` "hook" where it said no, which is to be kept, and "failure" where it could not be asked
   * and its settings say that nothing is sent then.
   */
  judge(message: PreSendPayload): Promise<Judged>;
  /** Of messages with one id, one at a time: each sees what became of those before it. */
  inTurn<T>(clientMessageId: string, work: () => Promise<T>): Promise<T>;
}

export function createPreSend({
  hooks,
  log,
}: {
  readonly hooks: Pick<Hooks, "isEnabled" | "settings" | "runNow">;
  readonly log: Log;
}): PreSend {
  const turns = new Map<string, Promise<unknown>>();

  async function ask(message: PreSendPayload): Promise<Verdict> {
    const { outcome, reason, exit_code, signal, stdout, output_cut } = await hooks.runNow({
      hook: preSendHook,
      event: "send",
      data: preSendPayload(message),
    });
    if (outcome !== "ok")
      return { kind: "failed", reason: reason ?? `it ended with ${signal ?? `exit code ${exit_code}`} (${outcome})` };
    if (output_cut) return { kind: "failed", reason: "its answer is longer than output_size_limit" };
    return readVerdict(stdout);
  }

  return {
    isOn: () => hooks.isEnabled(preSendHook),
    async judge(message) {
      const { body, contentType, files } = message;
      const verdict = await ask(message);
      switch (verdict.kind) {
        case "passed":
          return { body, contentType, note: preSendText({ verdict: "passed" }) };
        case "refused":
          throw refusedBy("hook", verdict.reason);
        case "failed":
          log.warn({ hook: preSendHook, reason: verdict.reason }, "the pre-send hook could not be asked");
          if (hooks.settings(preSendHook)?.on_failure !== "send") throw refusedBy("failure", verdict.reason);
          return { body, contentType, note: preSendText({ verdict: "failed", reason: verdict.reason }) };
        case "changed": {
          if (!message.fits(verdict.body)) {
            const { length } = verdict.body;
            throw refusedBy("failure", `it made ${length} bytes of the message, which is more than this mesh takes`);
          }
          const note = preSendText({
            verdict: "changed",
            written: { content_hash: contentHash(body, files).toString("hex"), content_type: contentType },
            content_hash: contentHash(verdict.body, files).toString("hex"),
          });
          return { body: verdict.body, contentType: verdict.contentType, note };
        }
      }
    },
    inTurn(clientMessageId, work) {
      const before = turns.get(clientMessageId) ?? Promise.resolve();
      const result = before.then(work);
      const settled = result
        .catch(() => undefined)
        .finally(() => {
          if (turns.get(clientMessageId) === settled) turns.delete(clientMessageId);
        });
      turns.set(clientMessageId, settled);
      return result;
    },
  };
}

/** `hint` names the same in both: what the user can look at is the log of the runs. */
export function refusedBy(by: "hook" | "failure", reason: string): ClaudemeshError {
  return new ClaudemeshError(
    "hook_refused",
    by === "hook"
      ? `this host's pre-send hook refused the message: ${reason}`
      : `this host's pre-send hook could not be asked, and nothing is sent without it: ${reason}`,
    {
      hint:
        by === "hook"
          ? "change the message and send it under a new id; `claudemesh hooks log` shows the runs"
          : '`claudemesh hooks log` shows the runs; on_failure = "send" in hooks.toml would send it all the same',
      details: { by, reason },
    },
  );
}
