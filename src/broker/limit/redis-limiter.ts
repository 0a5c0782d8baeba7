import { hash } from "node:crypto";
import type { Redis } from "ioredis";
import type { Clock } from "../../base/clock.ts";
import { createForgets } from "./forgets.ts";
import { rateOf } from "./gcra.ts";
import type { LimitAmounts } from "./in-process-limiter.ts";
import { decisionCode, limitScript, limitScriptSha, numbersPerItem } from "./limit-script.ts";
import type { LimitDecision, Limiter, LimitItem } from "./limiter.ts";
import { memoTtlUs } from "./memo.ts";

/**
 * Nobody is told to wait for longer, whatever stands in Redis: a fault or a stranger there must not stop a member for
 * longer than it takes to mend. Who asks again after it finds what stands there then.
 */
const waitMaxMs = 3_600_000;

export interface RedisLimiterOptions {
  readonly client: Pick<Redis, "eval" | "evalsha" | "zrem">;
  readonly limits: LimitAmounts & { readonly limiterForgetMs: number; readonly limiterForgetBatchesMax: number };
  readonly clock: Clock;
  onEvicted(count: number): void;
  /** What every key begins with. */
  readonly prefix?: string;
  /** Instead of the server's clock; for tests. */
  readonly nowUs?: () => number;
}

export interface RedisLimiter extends Limiter {
  /** Decides about nothing, with everything that deciding takes. Rejects where `take` would. */
  probe(): Promise<void>;
  stop(): void;
}

/**
 * The limiter that all brokers of a deployment share: one script call per mesh and batch (limit-script.ts). The rates
 * travel with the call, so brokers may differ during a rollout. `take` rejects when Redis fails it.
 *
 * What Redis keeps is bounded: per mesh at most `limiterMemosMax` memos of at most 160 bytes (16 MB with the default of
 * 100,000), none older than ten minutes, and one key of about 150 bytes for the mesh and for each member who sent
 * during the last minute, or for as long as its bucket takes to fill. All of them expire.
 */
export function createRedisLimiter(options: RedisLimiterOptions): RedisLimiter {
  const { client, limits } = options;
  const prefix = options.prefix ?? "claudemesh";
  const member = rateOf(limits.memberRate, limits.memberBurst);
  const mesh = rateOf(limits.meshRate, limits.meshBurst);
  const rates = [mesh.intervalUs, mesh.leadMaxUs, member.intervalUs, member.leadMaxUs];
  const memos = [Math.ceil(memoTtlUs(mesh, member) / 1_000), limits.limiterMemosMax];
  const memosKey = (meshId: string): string => `${prefix}:limit:{${meshId}}:memos`;
  const forgets = createForgets({
    clock: options.clock,
    delayMs: limits.limiterForgetMs,
    batchesMax: limits.limiterForgetBatchesMax,
    // A memo that stays ends with its time to live.
    forget: (meshId, ids) => void client.zrem(memosKey(meshId), ...ids).catch(() => undefined),
  });

  async function run(meshId: string, items: readonly LimitItem[]): Promise<readonly number[]> {
    const keys = [memosKey(meshId), `${prefix}:limit:{${meshId}}:mesh`];
    const places = numbered(
      items.map(({ memberId }) => memberId),
      3,
    );
    for (const memberId of places.keys()) keys.push(`${prefix}:limit:{${meshId}}:member:${memberId}`);
    const groups = numbered(
      items.map(({ group }) => group),
      1,
    );
    const words = [...keys, ...rates, ...memos, options.nowUs?.() ?? ""];
    for (const { memberId } of items) words.push(places.get(memberId) ?? 0);
    for (const { group } of items) words.push(groups.get(group) ?? 0);
    for (const item of items) words.push(memoOf(item));
    return readAnswer(await runScript(client, keys.length, words), items.length);
  }

  return {
    async take(meshId, items) {
      const numbers = await run(meshId, items);
      const evicted = numbers[0] ?? 0;
      if (evicted > 0) options.onEvicted(evicted);
      return items.map((_, index) => decisionOf(numbers, 1 + index * numbersPerItem));
    },
    committed: (meshId, items) => forgets.add(meshId, items.map(memoOf)),
    async probe() {
      await run("probe", []);
    },
    stop: () => forgets.stop(),
  };
}

/** By its hash, and by its text where the server does not have it: after SCRIPT FLUSH, a restart, a failover. */
async function runScript(
  client: RedisLimiterOptions["client"],
  keyCount: number,
  words: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(limitScriptSha, keyCount, ...words);
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.message.startsWith("NOSCRIPT"))) throw thrown;
    return client.eval(limitScript, keyCount, ...words);
  }
}

function readAnswer(answer: unknown, itemCount: number): readonly number[] {
  if (
    Array.isArray(answer) &&
    answer.length === 1 + itemCount * numbersPerItem &&
    answer.every((value) => typeof value === "number")
  )
    return answer;
  throw new Error("the limit script answered something else than its numbers");
}

function decisionOf(numbers: readonly number[], place: number): LimitDecision {
  const [code = 0, remaining = 0, fullInUs = 0] = numbers.slice(place, place + numbersPerItem);
  if (code > 0) return { kind: "limited", retryAfterMs: Math.min(waitMaxMs, Math.max(1, Math.ceil(code / 1_000))) };
  if (code === decisionCode.skipped) return { kind: "skipped" };
  return {
    kind: "allowed",
    charged: code === decisionCode.charged,
    remaining,
    resetMs: Math.min(waitMaxMs, Math.max(0, Math.ceil(fullInUs / 1_000))),
  };
}

/** A number for each different text, in order of appearance. */
function numbered(texts: readonly string[], first: number): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const text of texts) if (!numbers.has(text)) numbers.set(text, first + numbers.size);
  return numbers;
}

/** 132 bits of a hash, as text: that two requests share one costs a message that passes unpaid. */
function memoOf({ clientMessageId, fingerprint }: Pick<LimitItem, "clientMessageId" | "fingerprint">): string {
  const bytes = Buffer.from(fingerprint.buffer, fingerprint.byteOffset, fingerprint.byteLength);
  return hash("sha256", `${clientMessageId}\u0000${bytes.toString("base64")}`, "base64url").slice(0, 22);
}
