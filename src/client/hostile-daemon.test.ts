import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "./connect.ts";
import { type Answer, json, peer } from "./peer.fixture.ts";

test("a word of the caller stays one segment of the path, and what cannot travel is refused before anything is sent", async (t) => {
  const { client, seen } = await peer(t, [json(404, { code: "not_found", detail: "no", status: 404 })]);
  const smuggled = "x HTTP/1.1\r\nhost: a\r\n\r\nPOST /v1/shutdown HTTP/1.1\r\n\r\n";
  const asked: readonly (readonly [() => PromiseLike<unknown>, string])[] = [
    [() => client.files.take(1, smuggled), `/v1/files/${encodeURIComponent(smuggled)}?inbox_id=1&from=0`],
    [() => client.files.take(1, "../shutdown"), "/v1/files/..%2Fshutdown?inbox_id=1&from=0"],
    [() => client.topics.join(".."), "/v1/topics/%2E%2E/subscribe"],
    [() => client.queues.show("a?b#c%2f"), "/v1/queues/a%3Fb%23c%252f"],
    // Callers without types.
    [() => client.inbox.markRead("../shutdown?" as unknown as number), "/v1/inbox/..%2Fshutdown%3F/read"],
    [() => client.outbox.inspect("1/drop" as unknown as number), "/v1/outbox/1%2Fdrop"],
  ];
  for (const [index, [ask, path]] of asked.entries()) {
    await assert.rejects(async () => ask(), { code: "not_found" });
    assert.equal(seen[index]?.path, path);
  }
  await assert.rejects(client.message("\ud800"), { code: "lone_surrogate" });
  await assert.rejects(async () => client.inbox.search("\udc00"), { code: "lone_surrogate" });
  const events = client.events({ after: "1\r\nx: y" as unknown as number });
  await assert.rejects(events.next(), { code: "usage" });
  const token = "secret\r\nx: y";
  await assert.rejects(connect({ port: 1, token }).health(), (error: Error & { code?: string }) => {
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /secret/);
    return error.code === "usage";
  });
  assert.equal(seen.length, asked.length);
});

test("however long a daemon asks to be left alone, and in whatever form, it is not asked at once", async (t) => {
  for (const extra of [{}, { retry_after_ms: 1e15 }, { retry_after_ms: 3e9 }]) {
    const { client, seen } = await peer(t, [
      json(503, { code: "overloaded", detail: "d", retryable: true, ...extra }, { "retry-after": "99999999999" }),
    ]);
    await assert.rejects(client.health({ timeoutMs: 300 }), { code: "overloaded" });
    assert.equal(seen.length, 1);
  }
});

test("what a refusal says is safe for a terminal", async (t) => {
  const { client } = await peer(t, [
    json(400, { code: "invalid_field", detail: "a\u001b[31m\u009b\nb", hint: "\u001b]0;t\u0007" }),
  ]);
  await assert.rejects(client.health(), { message: "a\\x1b[31m\\x9b\nb", hint: "\\x1b]0;t\\x07" });
});

test("a stream that is refused without end, or tells what is no event, ends with an error", async (t) => {
  const endless: Answer = (_request, response) => {
    response.writeHead(500);
    const more = (): void => {
      if (!response.destroyed && response.write("x".repeat(65_536))) setImmediate(more);
    };
    response.on("drain", more);
    more();
  };
  const stream =
    (text: string | Uint8Array, headers: Record<string, string> = {}): Answer =>
    (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", ...headers });
      response.end(text);
    };
  const { client } = await peer(t, [
    endless,
    stream('id: abc\ndata: {"at":"x"}\n\n'),
    stream(`id: ${"9".repeat(30)}\ndata: {"at":"x"}\n\n`),
    stream("", { "last-event-id": "x" }),
    stream(Buffer.from('id: 1\ndata: {"at":"\xff"}\n\n', "latin1")),
    endless,
  ]);
  for (let asked = 0; asked < 5; asked += 1) {
    await assert.rejects(client.events().next(), { code: "protocol_error" }, `stream ${asked}`);
  }
  await assert.rejects(client.files.take(1, "f"), { code: "protocol_error" });
});
