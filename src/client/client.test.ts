import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { LocalEvent } from "../protocol/local-api.ts";
import { callPage } from "./call.ts";
import { connect } from "./connect.ts";
import { createHttpClient } from "./http/http-client.ts";
import { type Answer, json, peer } from "./peer.fixture.ts";

const reset: Answer = (_request, response) => void response.socket?.destroy();
const queued: Answer = ({ body }, response) =>
  json(202, { client_message_id: body["client_message_id"], outbox_id: 1, state: "queued", duplicate: false })(
    {} as never,
    response,
  );
const problem = (code: string, status: number, extra: Record<string, unknown> = {}) =>
  json(status, { code, status, detail: `refused: ${code}`, retryable: true, hint: "a hint", ...extra });

test("a send whose connection breaks before the answer is repeated with the same id", async (t) => {
  const { client, seen } = await peer(t, [reset, problem("stopping", 503), queued]);
  const sent = await client.send({ to: "@bob", message: "hi" });
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen.map(({ body }) => body["client_message_id"])).size, 1);
  assert.equal(sent.client_message_id, seen[0]?.body["client_message_id"]);
});

test("a send keeps the caller's id and its refusal keeps code, hint and members of its own", async (t) => {
  const { client, seen } = await peer(t, [
    problem("idempotency_key_reused", 409, { conflict: "outbox_done_fingerprint_mismatch" }),
  ]);
  await assert.rejects(
    client.send({ to: "@bob", message: "hi", client_message_id: "build-42" }),
    (error: { code: string; hint: string; details: Record<string, unknown> }) => {
      assert.deepEqual(
        [error.code, error.hint, error.details["conflict"]],
        ["idempotency_key_reused", "a hint", "outbox_done_fingerprint_mismatch"],
      );
      return true;
    },
  );
  assert.deepEqual(
    seen.map(({ body }) => body["client_message_id"]),
    ["build-42"],
  );
});

test("a send that fails for a reason that passes tells its id: only so can it be said again", async (t) => {
  const { client, seen } = await peer(t, [() => {}]);
  await assert.rejects(
    client.send({ to: "@bob", message: "hi" }, { timeoutMs: 100 }),
    ({ code, details }: { code: string; details: Record<string, unknown> }) => {
      assert.equal(code, "timed_out");
      if (seen.length > 0) assert.equal(details["client_message_id"], seen[0]?.body["client_message_id"]);
      return true;
    },
  );
  const refused = await peer(t, [problem("invalid_destination", 400, { retryable: false })]);
  await assert.rejects(refused.client.send({ to: "@bob", message: "hi" }), { details: {} });
});

test("a requeue is never repeated by itself: doing it twice would be doing it twice", async (t) => {
  const { client, seen } = await peer(t, [reset]);
  await assert.rejects(client.outbox.requeue(3), { code: "outcome_unknown" });
  assert.equal(seen.length, 1);
});

test("where nothing listens the error is not_running at once and names the command", async () => {
  const client = connect({ socketPath: join(tmpdir(), "claudemesh-no-such-socket") });
  await assert.rejects(client.send({ to: "@bob", message: "hi" }), { code: "not_running", hint: "claudemesh up" });
});

test("a call ends at its deadline and by its caller's signal", async (t) => {
  const { client } = await peer(t, [() => {}]);
  await assert.rejects(client.health({ timeoutMs: 30 }), { code: "timed_out" });
  await assert.rejects(client.health({ signal: AbortSignal.abort(new Error("enough")) }), { message: "enough" });
});

test("connections are used again, and a stale one is replaced without the caller noticing", async (t) => {
  let connections = 0;
  const { client, server } = await peer(t, [json(200, { items: [] })]);
  server.on("connection", () => {
    connections += 1;
  });
  await client.members();
  await client.members();
  assert.equal(connections, 1);
  server.closeAllConnections();
  await client.members();
  assert.equal(connections, 2);
});

test("events go on after a break from the last one seen, each once and in order", async (t) => {
  const asked: (string | undefined)[] = [];
  const stream =
    (events: readonly number[], end: "break" | "stay"): Answer =>
    ({ headers }, response) => {
      asked.push(headers["last-event-id"] as string | undefined);
      response.writeHead(200, { "content-type": "text/event-stream", "last-event-id": "6" }).write(": open\n\n");
      for (const id of events) response.write(`id: ${id}\nevent: receipt\ndata: {"at":"t","n":${id}}\n\n`);
      if (end === "break") response.socket?.destroySoon();
    };
  const { client } = await peer(t, [
    stream([], "break"),
    stream([7, 8], "break"),
    problem("stopping", 503),
    stream([9], "stay"),
  ]);
  const found: LocalEvent[] = [];
  for await (const event of client.events()) {
    found.push(event);
    if (found.length === 3) break;
  }
  assert.deepEqual(
    found.map(({ id, event, data }) => [id, event, data["n"]]),
    [
      [7, "receipt", 7],
      [8, "receipt", 8],
      [9, "receipt", 9],
    ],
  );
  assert.deepEqual(asked, [undefined, "6", "8"]);
});

test("the first connection of an event stream may fail: the daemon is not running", async () => {
  const client = connect({ socketPath: join(tmpdir(), "claudemesh-no-such-socket") });
  await assert.rejects(client.events().next(), { code: "not_running" });
});

test("waiting for a stage ends when it is listed, and fails at once when the message ended dead", async (t) => {
  const message =
    (status: string, stages: readonly string[], last_error: unknown = null): Answer =>
    ({ path }, response) => {
      if (path.startsWith("/v1/events"))
        response.writeHead(200, { "content-type": "text/event-stream" }).write(": open\n\n");
      else
        json(200, {
          client_message_id: "a",
          outbox_id: 4,
          to: "@bob",
          status,
          stages: stages.map((stage) => ({ stage, at: "t" })),
          delivered_to: null,
          last_error,
        })({} as never, response);
    };
  const alive = await peer(t, [
    message("inflight", ["queued"]),
    message("inflight", ["queued"]),
    message("done", ["queued", "accepted"]),
  ]);
  assert.equal((await alive.client.waitFor("4", "accepted")).status, "done");
  const dead = await peer(t, [message("dead", ["queued"], { code: "not_subscribed", message: "no" })]);
  await assert.rejects(dead.client.waitFor("4", "accepted"), { code: "not_subscribed" });
  const slow = await peer(t, [message("pending", ["queued"])]);
  await assert.rejects(slow.client.waitFor("4", "accepted", { timeoutMs: 50 }), {
    code: "timed_out",
    message: "not accepted yet: the message is queued",
  });
});

test("a send's meta goes out in its canonical text, and its bytes in base64url", async (t) => {
  const { client, seen } = await peer(t, [queued]);
  const meta = JSON.parse('{"10":1.0,"9":-0,"__proto__":{"b":1,"a":[]}}') as Record<string, unknown>;
  await client.send({ to: "@bob", body: Uint8Array.of(0xff, 0xef), meta });
  await client.send({ to: "@bob", message: "", meta: {} });
  assert.equal(seen[0]?.text.endsWith(',"meta":{"10":1,"9":0,"__proto__":{"a":[],"b":1}}}'), true, seen[0]?.text);
  assert.equal(seen[0]?.body["body"], "_-8");
  assert.equal(Object.hasOwn(seen[1]?.body ?? {}, "meta"), false);
});

test("meta outside the JSON profile is refused before anything is sent, also in the change of a requeue", async (t) => {
  const { client, seen } = await peer(t, [queued]);
  const meta = { build: 2 ** 53 };
  await assert.rejects(client.send({ to: "@bob", message: "hi", meta }), {
    code: "number_out_of_range",
    message: /meta\.build/,
  });
  await assert.rejects(client.outbox.requeue(3, { patch: { meta } }), { code: "number_out_of_range" });
  const text = '{"a":1}' as unknown as Record<string, unknown>;
  await assert.rejects(client.send({ to: "@bob", message: "hi", meta: text }), { code: "invalid_field" });
  assert.equal(seen.length, 0);
});

test("what a requeue changes goes out as it is: no meta, another, or none any more", async (t) => {
  const { client, seen } = await peer(t, [json(200, {})]);
  await client.outbox.requeue(3);
  await client.outbox.requeue(3, { new_id: "a", patch: { message: "b" } });
  await client.outbox.requeue(3, { patch: { meta: { b: 1, a: 2 }, body: Uint8Array.of(1) } });
  await client.outbox.requeue(3, { patch: { meta: null } });
  assert.deepEqual(
    seen.map(({ text }) => text),
    [
      "{}",
      '{"new_id":"a","patch":{"message":"b"}}',
      '{"patch":{"body":"AQ","meta":{"a":2,"b":1}}}',
      '{"patch":{"meta":null}}',
    ],
  );
});

test("a send that waits is one call: the answer, and the message once its stage is true", async (t) => {
  const stages = [{ stage: "queued", at: "t" }];
  const view = (more: readonly object[]) => ({
    client_message_id: "a",
    outbox_id: 1,
    to: "@bob",
    status: "inflight",
    stages: [...stages, ...more],
    delivered_to: null,
    last_error: null,
  });
  let looks = 0;
  const daemon: Answer = (request, response) => {
    if (request.path === "/v1/send") return queued(request, response);
    if (request.path.startsWith("/v1/events"))
      return void response.writeHead(200, { "content-type": "text/event-stream" }).write(": open\n\n");
    looks += 1;
    json(200, view(looks < 2 ? [] : [{ stage: "accepted", at: "t" }]))(request, response);
  };
  const { client } = await peer(t, [daemon]);
  const sent = await client.send({ to: "@bob", message: "hi" }, { wait: "accepted" });
  assert.deepEqual([sent.outbox_id, sent.message.stages.at(-1)?.stage], [1, "accepted"]);
  await assert.rejects(client.send({ to: "@bob", message: "hi" }, { wait: "read", timeoutMs: 50 }), {
    code: "timed_out",
  });
});

test("a list is its first page when awaited, and all items of all pages when iterated", async (t) => {
  const page: Answer = ({ path }, response) => {
    const cursor = Number(new URL(path, "http://localhost").searchParams.get("cursor") ?? "0");
    const items = [{ inbox_id: cursor + 1 }, { inbox_id: cursor + 2 }];
    json(200, { items, next_cursor: cursor < 4 ? String(cursor + 2) : null })({} as never, response);
  };
  const { client, seen } = await peer(t, [page]);
  assert.equal((await client.inbox.list({ unread: true })).items.length, 2);
  const found: number[] = [];
  for await (const { inbox_id } of client.inbox.list({ unread: true })) found.push(inbox_id);
  assert.deepEqual(found, [1, 2, 3, 4, 5, 6]);
  assert.equal(
    seen.every(({ path }) => path.includes("unread=true")),
    true,
  );
});

test("an answer that is not what a daemon answers is a protocol_error, never a broken value", async (t) => {
  const bytes =
    (status: number, body: string | Uint8Array): Answer =>
    (_request, response) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(body);
  const broken: readonly Answer[] = [
    bytes(200, "<html>"),
    bytes(200, '{"items":'),
    bytes(200, "[]"),
    bytes(200, "null"),
    bytes(200, ""),
    bytes(200, Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
    bytes(200, "{}"),
    bytes(200, '{"items":7,"next_cursor":null}'),
    bytes(200, '{"items":[],"next_cursor":7}'),
    bytes(502, "Bad Gateway"),
    bytes(400, "{}"),
    bytes(400, '{"code":7}'),
  ];
  for (const answer of broken) {
    const { socketPath } = await peer(t, [answer]);
    const http = createHttpClient({ kind: "unix", path: socketPath });
    // As a list is asked for, but once.
    const request = { method: "GET", path: "/v1/inbox", repeatable: false } as const;
    await assert.rejects(callPage(http, request), { code: "protocol_error" });
  }
  const { client } = await peer(t, [bytes(200, '{"items":{}}')]);
  await assert.rejects(client.queues.claim("work"), { code: "protocol_error" });
});

test("a file whose length nobody tells is not taken: where it ends could not be known", async (t) => {
  const { client } = await peer(t, [(_request, response) => void response.writeHead(200).end("half of it?")]);
  await assert.rejects(client.files.take(1, "0".repeat(64)), { code: "protocol_error" });
});

test("a refusal with a code of a newer daemon keeps it, and is repeated only when it says so", async (t) => {
  const newer = await peer(t, [problem("too_much_moon", 422, { retryable: false })]);
  await assert.rejects(newer.client.send({ to: "@bob", message: "hi" }), {
    code: "too_much_moon",
    message: "refused: too_much_moon",
    hint: "a hint",
    retryable: false,
    status: 422,
  });
  assert.equal(newer.seen.length, 1);
  const passing = await peer(t, [problem("moon_sets", 503, { retryable: true }), queued]);
  assert.equal((await passing.client.send({ to: "@bob", message: "hi" })).state, "queued");
});

test("an event that is not JSON ends the stream with an error instead of being passed over", async (t) => {
  const { client, seen } = await peer(t, [
    (_request, response) =>
      void response.writeHead(200, { "content-type": "text/event-stream" }).write("id: 1\nevent: message\ndata: {\n\n"),
  ]);
  await assert.rejects(client.events().next(), { code: "protocol_error" });
  assert.equal(seen.length, 1);
});
