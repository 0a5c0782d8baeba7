import type { HookDialect } from "../../protocol/agent-hook-dialect.ts";
import type { CommandContext } from "../command.ts";
import { answerHook } from "./answer-hook.ts";
import { readHookStdin } from "./read-hook-stdin.ts";
import { sessionPlace } from "./session-place.ts";

/**
 * A coding agent that waits for us is slow for its user: what is not here by then comes with the next hook. A daemon answers in some
 * ten milliseconds, and one that is away at once; the rest is for a host that is busy with what the agent does.
 */
const answerMs = 400;
/** For confirming what was handed over, once the answer is out. */
const lastWordsMs = 250;
const timeoutVariable = "CLAUDEMESH_HOOK_TIMEOUT_MS";

/** Never throws and says nothing but the answer: whatever is wrong here must not disturb the session. */
export async function callHook(context: CommandContext, dialect: HookDialect): Promise<void> {
  const { env } = context;
  const within = Number(env[timeoutVariable] ?? "");
  const signal = AbortSignal.timeout(Number.isSafeInteger(within) && within > 0 ? within : answerMs);
  try {
    const stdin = await readHookStdin(context.stdin, signal);
    if (stdin === null) return;
    await answerHook({
      dialect,
      stdin,
      startedAt: new Date(performance.timeOrigin).toISOString(),
      agents: context.client().agents,
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
