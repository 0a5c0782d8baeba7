import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { createManualClock } from "../../../base/manual-clock.fixture.ts";
import { type Answer, httpCall } from "../../../http/http-call.fixture.ts";
import { limits } from "../../../protocol/limits.ts";
import type { HookSpec, LaunchRun } from "../containment.ts";
import { contained, nothingContains, only } from "../containment.fixture.ts";

const all = ["reply:event", "dm:send:<sender>", "topic:<topic>:post"] as const;
const asUser = { candidates: nothingContains };
const inTopic = { id: "8", from: "@ann", topic: "#ops" };

/** The socket of a run that is not started, asked as whoever has it open would. */
function asking({ options }: LaunchRun) {
  const { CLAUDEMESH_DAEMON_SOCK: socketPath = "", CLAUDEMESH_CAPABILITY_TOKEN: token } = options.env ?? {};
  return {
    socketPath,
    token,
    ask: (method: string, path: string, body?: unknown, given: string | undefined = token): Promise<Answer> =>
      httpCall({ socketPath }, method, path, {
        ...(body === undefined ? {} : { body }),
        headers: given === undefined ? {} : { authorization: `Bearer ${given}` },
      }),
  };
}

const spec = (scopes: HookSpec["scopes"], event = inTopic): Partial<HookSpec> => ({ scopes, event, unenforced: "run" });

for (const by of ["bubblewrap", "unshare"] as const) {
  test(`${by}: a hook that is contained answers its event, and reads nothing, by its own socket`, {
    skip: process.platform !== "linux",
  }, async (t) => {
    const { run, replies, counted } = contained(t, { candidates: only(by) });
    const ask = `curl -s --unix-socket "$CLAUDEMESH_DAEMON_SOCK" -H "Authorization: Bearer $CLAUDEMESH_CAPABILITY_TOKEN"`;
    const { stdout, stderr } = await run(
      `${ask} -d '{"message": "got it"}' http://localhost/v1/reply; echo; ${ask} http://localhost/v1/inbox`,
      spec(["reply:event"]),
    );
    const [first = "", second = ""] = stdout.split("\n");
    assert.equal(JSON.parse(first).client_message_id, "hook-1", stderr);
    assert.equal(JSON.parse(second).code, "capability_refused");
    assert.deepEqual(
      replies.map(({ message }) => message),
      ["got it"],
    );
    assert.deepEqual(
      counted.calls.map(({ scope, outcome }) => [scope, outcome]),
      [
        ["reply:event", "sent"],
        ["none", "refused"],
      ],
    );
  });
}

test("a token sends to the sender and to the topic of its event, and to nobody else", async (t) => {
  const { launch, sent } = contained(t, asUser);
  const { ask } = asking(await launch("", spec(all)));
  for (const to of ["@ann", "#ops"]) {
    const { status } = await ask("POST", "/v1/send", { to, message: "hello" });
    assert.equal(status, 202, to);
  }
  for (const to of ["@bob", "#other", "queue:work", "@ANN", "@ann/helper", "#ops "]) {
    const { status, json } = await ask("POST", "/v1/send", { to, message: "hello" });
    assert.deepEqual([status, json["code"]], [403, "capability_refused"], to);
  }
  assert.deepEqual(
    sent.map(({ to, key }) => [to, key]),
    [
      ["@ann", "#1"],
      ["#ops", "#2"],
    ],
  );
});

test("a token has the routes of its scopes alone, and none that reads", async (t) => {
  const { launch, sent, replies } = contained(t, asUser);
  for (const [scopes, path, status] of [
    [["reply:event"], "/v1/send", 403],
    [["dm:send:<sender>"], "/v1/reply", 403],
    [["topic:<topic>:post"], "/v1/reply", 403],
    [["reply:event"], "/v1/reply", 202],
  ] as const) {
    const { ask } = asking(await launch("", spec(scopes)));
    const answer = await ask("POST", path, { ...(path === "/v1/send" ? { to: "@ann" } : {}), message: "hello" });
    assert.equal(answer.status, status, `${scopes} ${path}`);
  }
  const { ask } = asking(await launch("", spec(all)));
  for (const [method, path] of [
    ["GET", "/v1/inbox"],
    ["GET", "/v1/outbox"],
    ["GET", "/v1/events"],
    ["GET", "/v1/members"],
    ["GET", "/v1/send"],
    ["GET", "/v1/history"],
    ["GET", "/openapi.json"],
    ["POST", "/v1/shutdown"],
    ["POST", "/v1/files"],
    ["POST", "/v1/reply?token=1"],
  ] as const) {
    const { status, json } = await ask(method, path);
    assert.deepEqual([status, json["code"]], [403, "capability_refused"], path);
  }
  assert.deepEqual([sent.length, replies.length], [0, 1]);
});

test("a scope that the event has nothing for gives no token; without a token the socket refuses whoever asks", async (t) => {
  const { launch } = contained(t, asUser);
  const nobody = { id: "9", from: null, topic: null };
  for (const run of [
    await launch("", spec(all, nobody as never)),
    await launch("", spec([])),
    await launch("", spec(["topic:<topic>:post"], { ...inTopic, topic: null } as never)),
  ]) {
    const { token, ask } = asking(run);
    assert.equal(token, undefined);
    for (const given of [undefined, "", "A".repeat(43)]) {
      const { status } = await ask("POST", "/v1/reply", { message: "hello" }, given);
      assert.equal(status, 401);
    }
  }
});

test("a token of another event, of a run that has ended and one that was guessed are refused", async (t) => {
  const { launch, replies, sent } = contained(t, asUser);
  const [first, second] = [await launch("", spec(all)), await launch("", spec(all, { ...inTopic, id: "10" }))];
  const own = asking(first);
  const other = asking(second);
  assert.notEqual(own.token, other.token);
  for (const given of [own.token, "A".repeat(43), `${other.token}A`, other.token?.slice(1), undefined]) {
    const { status, json } = await other.ask("POST", "/v1/reply", { message: "hello" }, given ?? "");
    assert.deepEqual([status, json["code"]], [401, "unauthorized"]);
  }
  await first.cleanup();
  await assert.rejects(own.ask("POST", "/v1/reply", { message: "hello" }), { code: "ENOENT" });
  const { status } = await other.ask("POST", "/v1/reply", { message: "hello" }, own.token);
  assert.equal(status, 401);
  assert.deepEqual([replies.length, sent.length], [0, 0]);
});

test("a connection that a run has left open is closed with the run", async (t) => {
  const { launch } = contained(t, asUser);
  const run = await launch("", spec(all));
  const { socketPath } = asking(run);
  const socket = connect(socketPath);
  await new Promise((resolve) => socket.once("connect", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  socket.write("POST /v1/reply HTTP/1.1\r\nhost: x\r\n");
  await run.cleanup();
  await closed;
});

test("a token is over after five minutes, and when the clock is set back", async (t) => {
  const clock = createManualClock();
  const { launch } = contained(t, { ...asUser, clock });
  const { ask } = asking(await launch("", spec(all)));
  const asked = async (): Promise<number> => (await ask("POST", "/v1/reply", { message: "hello" })).status;
  assert.equal(await asked(), 202);
  clock.advance(limits.hookTokenMs - 1);
  assert.equal(await asked(), 202);
  clock.advance(1);
  assert.equal(await asked(), 401);
  clock.jump(clock.now() - limits.hookTokenMs - 1);
  assert.equal(await asked(), 401);
});

test("a run asks only so often, says only so much, and each refusal is among its calls and counted", async (t) => {
  const { launch, counted } = contained(t, asUser);
  const run = await launch("", spec(all));
  const { ask } = asking(run);
  const large = await ask("POST", "/v1/reply", { message: "x".repeat(limits.hookCallBytesMax) });
  assert.deepEqual([large.status, large.json["code"]], [413, "body_too_large"]);
  const files = await ask("POST", "/v1/send", { to: "@ann", message: "hello", attachments: [] });
  assert.deepEqual([files.status, files.json["code"]], [400, "unknown_field"]);
  for (let asked = 2; asked < limits.hookCallsMax; asked += 1)
    assert.equal((await ask("POST", "/v1/send", { to: "@ann", message: "hello" })).status, 202);
  const { status, json } = await ask("POST", "/v1/send", { to: "@ann", message: "hello" });
  assert.deepEqual([status, json["code"]], [429, "rate_limited"]);
  assert.equal(run.calls().length, limits.hookCallsMax);
  assert.equal(counted.calls.length, limits.hookCallsMax + 1);
  assert.equal(counted.calls.filter(({ outcome }) => outcome === "refused").length, 3);
});

test("what a hook calls a message is its own name for it, however often it runs", async (t) => {
  const { launch, sent } = contained(t, asUser);
  const { ask } = asking(await launch("", spec(all)));
  for (const client_message_id of ["done", "#1", undefined])
    await ask("POST", "/v1/send", { to: "@ann", message: "hello", ...(client_message_id && { client_message_id }) });
  assert.deepEqual(
    sent.map(({ key }) => key),
    ["=done", "=#1", "#3"],
  );
  for (const client_message_id of ["", "two words", "x".repeat(limits.hookKeyCharsMax + 1)]) {
    const { json } = await ask("POST", "/v1/send", { to: "@ann", message: "hello", client_message_id });
    assert.equal(json["code"], "invalid_id");
  }
});
