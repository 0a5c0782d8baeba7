import type { HookDialect } from "../../protocol/agent-hook.ts";
import type { CommandContext, Input } from "../command.ts";
import { answerHook } from "./answer-hook.ts";
import { hookAgents } from "./client-agents.ts";
import { sessionPlace } from "./session-place.ts";

/** A coding agent that waits for us is slow for its user: what is not here by then comes with the next hook. */
const answerMs = 100;
/** For confirming what was handed over, once the answer is out. */
const lastWordsMs = 250;
/** A tool's answer may be large; what is larger still is no call that we must answer. */
const stdinBytesMax = 16_777_216;
const timeoutVariable = "CLAUDEMESH_HOOK_TIMEOUT_MS";

/** Never throws and says nothing but the answer: whatever is wrong here must not disturb the session. */
export async function callHook(context: CommandContext, dialect: HookDialect): Promise<void> {
  const { env } = context;
  const within = Number(env[timeoutVariable] ?? "");
  const signal = AbortSignal.timeout(Number.isSafeInteger(within) && within > 0 ? within : answerMs);
  try {
    const stdin = await readAll(context.stdin, signal);
    if (stdin === null) return;
    await answerHook({
      dialect,
      stdin,
      agents: hookAgents(context.client(), dialect.kind),
      place: (input) => sessionPlace(dialect.kind, input, env),
      handOver: context.handOver,
      signal,
      lastWords: () => AbortSignal.timeout(lastWordsMs),
    });
  } catch {
    // The daemon is away, too slow, or does not know agents: what waits goes on waiting, and the next hook asks again. What is
    // wrong is for `claudemesh doctor` to say, not for a session that has nothing to do with it.
  }
}

/** null: it is too much, or did not end in time. */
async function readAll(stdin: Input, signal: AbortSignal): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const late = new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null), { once: true }));
  const words = stdin[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([words.next(), late]);
    if (next === null) {
      // Whoever keeps the pipe open must not keep this process.
      stdin.destroy?.();
      return null;
    }
    if (next.done === true) return Buffer.concat(chunks, bytes).toString("utf8");
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes > stdinBytesMax) return null;
  }
}
