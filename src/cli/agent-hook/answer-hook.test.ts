import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { claudeCodeHooks } from "../../protocol/claude-code/hook-words.ts";
import { answerHook, type HookCall } from "./answer-hook.ts";

interface Called {
  readonly done: readonly string[];
  readonly failed: unknown;
}

/** One call of a hook, and what it did, in order. */
async function call(
  input: Readonly<Record<string, unknown>>,
  more: { readonly text?: string; readonly fails?: string; readonly socket?: boolean; readonly late?: boolean } = {},
): Promise<Called> {
  const done: string[] = [];
  const does = async (name: string, told = ""): Promise<void> => {
    done.push(`${name}${told}`);
    if (more.fails === name) throw new Error(`${name} failed`);
  };
  const settles = async (name: string, ids: readonly string[]) => {
    await does(name, ` ${ids.join()}`);
    return { changed: ids, lost: [] };
  };
  const late = new AbortController();
  const lease_until = "2026-11-26T00:01:30.000Z";
  const agents: HookCall["agents"] = {
    async reportSession(_kind, _id, { status, socket_path: socket }) {
      await does("report", ` ${status}${socket === undefined ? "" : ` ${socket}`}`);
      return { agent: "a", address: "@me/a", renamed_from: null, lease_until };
    },
    async endSession() {
      await does("ended");
      return { agent: "a", lease_until: null };
    },
    async take(_kind, _id, { include_low: low, chars_max: charsMax }) {
      await does("take", `${low === true ? " low" : ""} ${charsMax}`);
      if (more.late === true) late.abort();
      const offer = { offer_id: "o1", inbox_id: 1, priority: "next", repeat: 1, notice: false } as const;
      return { text: more.text ?? "", offers: [offer], more: 0 };
    },
    confirm: (_kind, _id, ids) => settles("confirm", ids),
    giveBack: (_kind, _id, ids) => settles("release", ids),
  };
  const hook: HookCall = {
    dialect: claudeCodeHooks,
    stdin: JSON.stringify({ session_id: "s", cwd: "/p", ...input }),
    startedAt: "2026-11-26T00:00:00.000Z",
    agents,
    place: () => ({
      process: null,
      agent: null,
      socketPath: more.socket === true ? "/s.sock" : null,
      socketToken: null,
    }),
    handOver: (text) => does("hand over", ` ${text.trim()}`),
    signal: late.signal,
    lastWords: () => new AbortController().signal,
  };
  try {
    await answerHook(hook);
    return { done, failed: null };
  } catch (failed) {
    return { done, failed };
  }
}

const tool = { hook_event_name: "PostToolUse" };
const added = (event: string): string =>
  `hand over {"hookSpecificOutput":{"hookEventName":"${event}","additionalContext":"hello"}}`;

describe("a call of a hook", () => {
  it("confirms what was taken once all of it was handed over, and not before", async () => {
    assert.deepEqual(await call(tool, { text: "hello" }), {
      done: ["report busy", "take low 10000", added("PostToolUse"), "confirm o1"],
      failed: null,
    });
    assert.deepEqual((await call(tool)).done, ["report busy", "take low 10000"]);
  });

  it("gives back what could not be handed over, and what came too late for whoever waits", async () => {
    const broken = await call(tool, { text: "hello", fails: "hand over" });
    assert.deepEqual(broken.done.slice(2), [added("PostToolUse"), "release o1"]);
    const late = await call(tool, { text: "hello", late: true });
    assert.deepEqual(late.done, ["report busy", "take low 10000", "release o1"]);
    const unconfirmed = await call(tool, { text: "hello", fails: "confirm" });
    assert.equal(unconfirmed.done.includes("release o1"), false, "the session has it: its lease says that it may");
  });

  it("keeps a session from stopping once, by what wakes it, and never for ever", async () => {
    const stop = { hook_event_name: "Stop" };
    assert.deepEqual((await call({ ...stop, stop_hook_active: false }, { text: "hello" })).done, [
      "report idle",
      "take 10000",
      'hand over {"decision":"block","reason":"hello"}',
      "confirm o1",
    ]);
    assert.deepEqual((await call({ ...stop, stop_hook_active: true }, { text: "hello" })).done, ["report idle"]);
  });

  it("tells of a new session's socket after its mail is in its context, whatever became of that", async () => {
    const start = { hook_event_name: "SessionStart", source: "startup" };
    assert.deepEqual((await call(start, { text: "hello", socket: true })).done, [
      "report idle",
      "take low 10000",
      added("SessionStart"),
      "confirm o1",
      "report idle /s.sock",
    ]);
    assert.equal((await call(start, { fails: "take", socket: true })).done.at(-1), "report idle /s.sock");
    assert.deepEqual((await call(tool, { socket: true })).done, ["report busy /s.sock", "take low 10000"]);
  });

  it("says that a session is over, and nothing for one that goes on under another id", async () => {
    assert.deepEqual((await call({ hook_event_name: "SessionEnd", reason: "logout" })).done, ["ended"]);
    assert.deepEqual((await call({ hook_event_name: "SessionEnd", reason: "clear" })).done, []);
    assert.deepEqual((await call({ hook_event_name: "Notification" })).done, []);
  });
});
