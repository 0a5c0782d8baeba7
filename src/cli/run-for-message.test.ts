import assert from "node:assert/strict";
import { test } from "node:test";
import type { InboxItem } from "../protocol/local-api.ts";
import { runForMessage } from "./run-for-message.ts";

const { signal } = new AbortController();
const hostile = "a\nb\t$(exit 9)`exit 9`;exit 9\u0000\u001b[2J";
const item = {
  from: { member_id: "m", name: hostile },
  to: hostile,
  topic: hostile,
  inbox_id: 1,
  broker_message_id: hostile,
  message: hostile,
} as unknown as InboxItem;

test("a command gets a message's fields as values of one line each, and nothing of them is run", async () => {
  const run = {
    env: { PATH: process.env["PATH"], SHELL: "/bin/sh" },
    mesh: "local",
    output: "stderr",
    signal,
  } as const;
  for (const name of ["FROM", "TO", "TOPIC", "MESSAGE_ID"]) {
    const value = `"$CLAUDEMESH_${name}"`;
    const command = `case ${value} in *'$(exit 9)'*) ;; *) exit 2;; esac; test "$(printf %s ${value} | wc -l)" -eq 0`;
    assert.deepEqual(await runForMessage(command, item, run), { exit_code: 0, signal: null }, name);
  }
  assert.deepEqual(await runForMessage('test "$(wc -l)" -eq 1', item, run), { exit_code: 0, signal: null });
  assert.deepEqual(await runForMessage("kill -9 $$", item, run), { exit_code: null, signal: "SIGKILL" });
});
