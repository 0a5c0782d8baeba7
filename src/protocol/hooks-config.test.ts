import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "./error.ts";
import { isHook, topicOfHook } from "./hook-names.ts";
import { defaultHookSettings, parseHooksConfig } from "./hooks-config.ts";

const read = (source: string) => parseHooksConfig(source, "hooks.toml");
const refusal = (source: string): string => {
  try {
    read(source);
  } catch (thrown) {
    const { code, message, hint } = ClaudemeshError.from(thrown);
    return `${code}: ${message} | ${hint}`;
  }
  return "taken";
};

test("a hook is what has a table; what the table leaves out is as it is by default", () => {
  assert.deepEqual([...read("")], []);
  const config = read(
    '[on-dm]\nenabled = true\ntimeout_s = 5\n["on-topic-a.b"]\ncapability_token_scope = ["topic:<topic>:post"]\n',
  );
  assert.deepEqual([...config.keys()], ["on-dm", "on-topic-a.b"]);
  assert.deepEqual(config.get("on-dm"), { ...defaultHookSettings, enabled: true, timeout_s: 5 });
  assert.equal(config.get("on-topic-a.b")?.enabled, false);
});

test("what is written wrongly is refused with its line and what was meant", () => {
  assert.match(refusal("[on-dn]\n"), /invalid_config: hooks.toml:1: unknown table \[on-dn\] \| did you mean `on-dm`\?/);
  assert.match(refusal("[on-topic-]\n"), /unknown table \[on-topic-\]/);
  assert.match(refusal("[on-topic-OPS]\n"), /unknown table/);
  assert.match(
    refusal("[on-dm]\n\ntimout_s = 3\n"),
    /hooks.toml:3: unknown key `timout_s` in \[on-dm\] \| did you mean `timeout_s`\?/,
  );
  assert.match(refusal("[on-dm]\ntimeout_s = 0\n"), /:2: `on-dm.timeout_s` must be a whole number of seconds/);
  assert.match(refusal('[on-dm]\nenabled = "yes"\n'), /must be true or false/);
  assert.match(refusal('[on-dm]\ncapability_token_scope = ["inbox:read"]\n'), /must be a list of "reply:event" or/);
  assert.match(refusal("[on-dm\n"), /:1: this is not TOML/);
});

test("what a hook can never use is refused: an answer to no message, a topic of a direct message, a decision about what has arrived", () => {
  assert.match(refusal("[on-receipt]\nallow_reply = true\n"), /there is no message that it could answer/);
  assert.match(
    refusal('[on-startup]\ncapability_token_scope = ["reply:event"]\n'),
    /no message that a scope could be of/,
  );
  assert.match(refusal('[on-dm]\ncapability_token_scope = ["topic:<topic>:post"]\n'), /has no topic/);
  assert.match(refusal('[on-dm]\non_failure = "send"\n'), /only pre-send decides/);
  assert.equal(refusal('[pre-send]\non_failure = "send"\n'), "taken");
});

test("a hook of a topic is named after the topic as it is kept", () => {
  assert.deepEqual(["on-topic-ops", "on-topic-Ops", "on-topic-a/b", "on-topic-", "on-dm"].map(topicOfHook), [
    "ops",
    null,
    null,
    null,
    null,
  ]);
  assert.deepEqual(["on-dm", "pre-send", "on-topic-ops", "on-dm~", "constructor"].map(isHook), [
    true,
    true,
    true,
    false,
    false,
  ]);
});
