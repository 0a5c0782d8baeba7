import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { LocalEvent } from "../protocol/local-api.ts";
import { connect } from "./connect.ts";

type Answer = (
  request: {
    readonly method: string;
    readonly path: string;
    readonly body: Record<string, unknown>;
    readonly headers: IncomingMessage["headers"];
  },
  response: ServerResponse,
) => void;

/** A remote peer on a real unix socket that answers as told: the n-th request by the n-th answer, then by the last. */
async function peer(t: TestContext, answers: readonly Answer[]) {
  const dir = mkdtempSync(join(tmpdir(), "claudemesh-client-"));
  const socketPath = join(dir, "sock");
  const seen: { method: string; path: string; body: Record<string, unknown> }[] = [];
  const server: Server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const told = { method: request.method ?? "", path: request.url ?? "", body, headers: request.headers };
    seen.push(told);
    answers[Math.min(seen.length, answers.length) - 1]?.(told, response);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const client = connect({ socketPath });
  t.after(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });
  return { client, socketPath, seen, server };
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
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
