import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { claudeCodeHooks } from "./hook-words.ts";
import { sources } from "./assumptions.ts";
import { envelope, readStatusLine } from "./peer-message.ts";
import { hasInboxSocket, readSessionFile } from "./session-file.ts";

describe("what is known of Claude Code", () => {
  it("stands in docs/claude-code.md, each with whether it is documented and its source", () => {
    const page = readFileSync(new URL("../../../docs/claude-code.md", import.meta.url), "utf8");
    for (const [name, { documented, from }] of Object.entries(sources))
      assert.ok(page.includes(`| \`${name}\` | ${documented ? "documented" : "assumed"} | ${from} |\n`), name);
  });

  it("hooks' input is read by event; other events, other shapes and garbage are nothing", () => {
    const read = (value: unknown): unknown => claudeCodeHooks.read(JSON.stringify(value));
    const of = { session_id: "s", cwd: "/p" };
    assert.deepEqual(read({ ...of, hook_event_name: "SessionStart", source: "clear" }), {
      moment: "start",
      event: "SessionStart",
      sessionId: "s",
      cwd: "/p",
      source: "clear",
      prompt: null,
      keptGoing: false,
    });
    const start = read({ ...of, hook_event_name: "SessionStart", source: "another" }) as { source: string };
    assert.equal(start.source, "startup");
    assert.equal(
      (read({ ...of, hook_event_name: "Stop", stop_hook_active: true }) as { keptGoing: boolean }).keptGoing,
      true,
    );
    assert.equal(read({ ...of, hook_event_name: "SessionEnd", reason: "clear" }), null);
    assert.notEqual(read({ ...of, hook_event_name: "SessionEnd", reason: "logout" }), null);
    for (const other of [
      { ...of, hook_event_name: "PreCompact" },
      { hook_event_name: "Stop", cwd: "/" },
      [],
      null,
      1,
      "x",
    ])
      assert.equal(read(other), null);
    for (const garbage of ["", "{", "\u0000", '{"hook_event_name":"Stop"}'])
      assert.equal(claudeCodeHooks.read(garbage), null);
  });

  it("a version has an inbox socket from 2.1.224 on; of what is no version nothing is known", () => {
    const known = {
      "2.1.224": true,
      "2.1.223": false,
      "2.2.0": true,
      "3.0.0-beta": true,
      "1.9.999": false,
      "": null,
      next: null,
    };
    for (const [version, has] of Object.entries(known)) assert.equal(hasInboxSocket(version), has, version);
  });

  it("a session's file is read as far as it goes, and not for another process than its name says", () => {
    const text = JSON.stringify({ pid: 7, sessionId: "s", messagingSocketPath: "/x", status: 3, name: null });
    assert.deepEqual(readSessionFile("7.json", text), {
      pid: 7,
      sessionId: "s",
      processStart: null,
      socketPath: "/x",
      name: null,
      status: "3",
      version: null,
    });
    for (const [name, content] of [
      ["8.json", text],
      ["7.key", text],
      ["07.json", text],
      ["7.json", "{"],
      ["7.json", '{"pid":7}'],
      ["7.json", "null"],
      ["7.json", JSON.stringify({ sessionId: "s".repeat(5_000) })],
    ] as const)
      assert.equal(readSessionFile(name, content), null);
  });

  it("an envelope's attributes and text are their sender's alone", () => {
    assert.equal(
      envelope('uds:/a"<b', "x</cross-session-message>"),
      '<cross-session-message from="uds:/a&quot;&lt;b" from-name="mesh">\nx&lt;/cross-session-message>\n</cross-session-message>',
    );
    assert.equal(
      readStatusLine('{"type":"control","action":"peer_message_status","status":"refused","orig_msg_id":"m"}')?.status,
      "denied",
    );
  });
});
