import { ClaudemeshError } from "../protocol/error.ts";
import { mcpLimits } from "./mcp-limits.ts";

/**
 * Answers of calls by their idempotency key, for what the daemon itself does not deduplicate: a claim that is asked for
 * twice is one claim. Kept in this process alone: what a lost one had claimed comes again when its lease is over.
 */
export interface AnswersKept {
  /** The answer of the call with this key, made by `work` at the first. One that failed is made again. */
  once<T>(key: string, asked: string, work: () => Promise<T>): Promise<T>;
  /** The next call with the key is the first. */
  forget(key: string): void;
}

export function answersKept(max: number = mcpLimits.answersKeptMax): AnswersKept {
  const known = new Map<string, { readonly asked: string; readonly answer: Promise<unknown> }>();
  return {
    once<T>(key: string, asked: string, work: () => Promise<T>): Promise<T> {
      const before = known.get(key);
      if (before !== undefined && before.asked !== asked)
        return Promise.reject(
          new ClaudemeshError("idempotency_key_reused", "this idempotency_key was given to another call before", {
            hint: "repeat a call with the very same arguments, or leave idempotency_key away",
          }),
        );
      if (before !== undefined) return before.answer as Promise<T>;
      const answer = work();
      known.set(key, { asked, answer });
      for (const oldest of [...known.keys()].slice(0, Math.max(known.size - max, 0))) known.delete(oldest);
      answer.catch(() => known.get(key)?.answer === answer && known.delete(key));
      return answer;
    },
    forget: (key) => void known.delete(key),
  };
}
