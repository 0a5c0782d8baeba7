import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HookDialect } from "./agent-hook-dialect.ts";
import { codex } from "./codex/assumptions.ts";
import { codexHooks } from "./codex/hook-words.ts";
import { geminiCli } from "./gemini-cli/assumptions.ts";
import { geminiHooks } from "./gemini-cli/hook-words.ts";

function read(dialect: HookDialect, fields: Readonly<Record<string, unknown>>) {
  return dialect.read(JSON.stringify({ session_id: "s", cwd: "/work", ...fields }));
}

test("Codex: each event is a moment of the session, with what it tells of it", () => {
  const begun = {
    moment: "start",
    event: "SessionStart",
    sessionId: "s",
    cwd: "/work",
    prompt: null,
    keptGoing: false,
  };
  for (const source of codex.startSources)
    assert.deepEqual(read(codexHooks, { hook_event_name: "SessionStart", source }), { ...begun, source });
  assert.equal(read(codexHooks, { hook_event_name: "SessionStart", source: "of a later version" })?.source, "startup");
  assert.equal(read(codexHooks, { hook_event_name: "UserPromptSubmit", prompt: "do it" })?.prompt, "do it");
  assert.equal(read(codexHooks, { hook_event_name: "PostToolUse", prompt: "of no prompt" })?.prompt, null);
  assert.equal(read(codexHooks, { hook_event_name: "Stop", stop_hook_active: true })?.keptGoing, true);
  assert.equal(read(codexHooks, { hook_event_name: "PreToolUse" }), null);
});

test("Codex: an answer holds nothing but what it knows, and as much as it puts into the context whole, whatever it is", () => {
  const start = read(codexHooks, { hook_event_name: "SessionStart" });
  const stop = read(codexHooks, { hook_event_name: "Stop" });
  assert.ok(start !== null && stop !== null);
  assert.deepEqual(JSON.parse(codexHooks.answer(start, "t")), {
    hookSpecificOutput: { hookEventName: "SessionStart", additionalContext: "t" },
  });
  assert.deepEqual(JSON.parse(codexHooks.answer(stop, "t")), { decision: "block", reason: "t" });
  for (const character of ["a", "ß", "界", "😀"]) {
    const text = character.repeat(codexHooks.textCharsMax).slice(0, codexHooks.textCharsMax);
    assert.ok(Buffer.byteLength(text) <= codex.contextBytesMax, character);
  }
});

test("Gemini CLI: its own names of the same moments; a cleared session has not ended", () => {
  const moments = geminiCli.hookEvents.map((hook_event_name) => read(geminiHooks, { hook_event_name })?.moment);
  assert.deepEqual(moments, ["start", "prompt", "tool", "stop", "end"]);
  assert.equal(read(geminiHooks, { hook_event_name: "SessionEnd", reason: "clear" }), null);
  assert.equal(read(geminiHooks, { hook_event_name: "SessionEnd", reason: "exit" })?.moment, "end");
  assert.equal(read(geminiHooks, { hook_event_name: "SessionStart", source: "clear" })?.source, "clear");
  assert.equal(read(geminiHooks, { hook_event_name: "BeforeAgent", prompt: "do it" })?.prompt, "do it");
  const stop = read(geminiHooks, { hook_event_name: "AfterAgent" });
  const tool = read(geminiHooks, { hook_event_name: "AfterTool" });
  assert.ok(stop !== null && tool !== null);
  assert.deepEqual(JSON.parse(geminiHooks.answer(stop, "t")), { decision: "deny", reason: "t" });
  assert.deepEqual(JSON.parse(geminiHooks.answer(tool, "t")), {
    hookSpecificOutput: { hookEventName: "AfterTool", additionalContext: "t" },
  });
});

test("whatever else comes on standard input is no call, and breaks nothing", () => {
  for (const dialect of [codexHooks, geminiHooks]) {
    for (const text of ["", "null", "[]", "7", "{", '{"hook_event_name":"Stop"}', '{"session_id":"s","cwd":"/"}'])
      assert.equal(dialect.read(text), null, text);
    assert.equal(read(dialect, { hook_event_name: "SessionStart", session_id: 7 }), null);
    fc.assert(
      fc.property(fc.json(), (text) => {
        dialect.read(text);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => dialect.read(text) === null));
  }
});
