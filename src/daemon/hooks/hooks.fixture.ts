import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Clock, systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import type { ParsedSend } from "../../http/parse-send.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { HookRunView } from "../../protocol/hooks-api.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import type { SenderNote } from "../../protocol/sender-agent.ts";
import { inboxAt, me } from "../inbox/inbox.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import type { Inbox } from "../parts.ts";
import { hookLimits, type HookLimits } from "./hook-limits.ts";
import { createHooks, type Hooks } from "./hooks.ts";
import { openLiveHooks } from "./live-hooks.ts";
import { createUncontained } from "./uncontained.fixture.ts";

export const bob = "b".repeat(64);

/** A hook that runs as the user, as every hook of these tests does: what contains them has tests of its own. */
export const runs = (hook: string, more = ""): string => `[${hook}]\nenabled = true\nunenforced = "run"\n${more}\n`;

export interface HookBench {
  readonly dir: string;
  readonly inbox: Inbox;
  readonly hooks: Hooks;
  readonly clock: Clock;
  /** What was sent as replies. */
  readonly sent: (ParsedSend & { readonly note: SenderNote })[];
  readonly observed: { hook: string; exit: string; runs: number }[];
  off: string | null;
  /** Writes an executable; `text` without its first line. */
  script(hook: string, text: string, interpreter?: string): string;
  /** Stores direct messages of bob's, as one push. */
  dms(...texts: readonly string[]): Promise<void>;
  /** Resolves with the ends of runs, once there are so many. */
  ends(count: number): Promise<readonly LocalEvent["data"][]>;
  list(): readonly HookRunView[];
  /** Of a file that a hook has written. */
  wrote(name: string): string;
  /** Stops hooks and inbox and opens them again. */
  restart(toml?: string): Promise<void>;
}

export async function hookBench(
  t: TestContext,
  toml: string,
  options: {
    readonly clock?: Clock;
    readonly limits?: Partial<HookLimits>;
    readonly scripts?: Readonly<Record<string, string>>;
  } = {},
): Promise<HookBench> {
  const dir = mkdtempSync(join(tmpdir(), "cm-hooks-"));
  mkdirSync(join(dir, "hooks"), { mode: 0o700 });
  const clock = options.clock ?? systemClock;
  let seq = 0;
  const ended: LocalEvent["data"][] = [];
  let wake: () => void = () => {};
  const sent: HookBench["sent"] = [];
  const answered = new Map<string, string>();
  const bench: { -readonly [Name in keyof HookBench]: HookBench[Name] } = {
    dir,
    inbox: null as unknown as Inbox,
    hooks: null as unknown as Hooks,
    clock,
    sent,
    observed: [],
    off: null,
    script(hook, text, interpreter = "#!/bin/sh") {
      const path = join(dir, "hooks", hook);
      writeFileSync(path, `${interpreter}\n${text}\n`);
      chmodSync(path, 0o700);
      return path;
    },
    async dms(...texts) {
      await bench.inbox.store(
        texts.map((text) => {
          seq += 1;
          return checkedPush(seq, bob, me, text);
        }),
        1,
      );
    },
    async ends(count) {
      while (ended.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return ended;
    },
    list: () => bench.hooks.page({ hook: null, failedOnly: false, cursor: null, limit: 1_000 }).items,
    wrote: (name) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), "utf8") : ""),
    async restart(next = toml) {
      await bench.hooks?.stop();
      await bench.inbox?.stop();
      writeFileSync(join(dir, "hooks.toml"), next, { mode: 0o600 });
      bench.inbox = inboxAt(join(dir, "inbox.db"));
      bench.hooks = createHooks({
        folder: join(dir, "hooks"),
        live: openLiveHooks(join(dir, "hooks.toml")),
        off: () => bench.off,
        mesh: "local",
        inbox: bench.inbox,
        containment: createUncontained({ socketPath: join(dir, "sock"), cwd: dir }),
        // As the outbox answers: an id is bound to what was said under it first.
        async send(message, note) {
          const id = message.clientMessageId ?? assert.fail("a reply has an id");
          const text = Buffer.from(message.body).toString("utf8");
          if ((answered.get(id) ?? text) !== text) throw new ClaudemeshError("idempotency_key_reused", "another text");
          const duplicate = answered.has(id);
          answered.set(id, text);
          if (!duplicate) sent.push({ ...message, note });
          return { client_message_id: id, outbox_id: 1, state: "queued", duplicate, durability: "disk" };
        },
        observe: ({ hook, exit, runs: count }) => void bench.observed.push({ hook, exit, runs: count }),
        clock,
        log: silentLog,
        limits: { ...hookLimits, ...options.limits },
      });
      await bench.inbox.start();
      bench.inbox.onEvent(({ event, data }) => {
        if (event !== "hook_executed") return;
        ended.push(data);
        wake();
      });
      await bench.hooks.start();
    },
  };
  for (const [hook, text] of Object.entries(options.scripts ?? {})) bench.script(hook, text);
  await bench.restart();
  t.after(async () => {
    await bench.hooks.stop();
    await bench.inbox.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return bench;
}
