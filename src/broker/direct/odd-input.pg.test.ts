import assert from "node:assert/strict";
import { test } from "node:test";
import { postgresStoreAt } from "../store/postgres/open-store.fixture.ts";
import { sharedPostgres } from "../testing/postgres-server.ts";
import { directFixture } from "./direct.fixture.ts";

const server = sharedPostgres();

test("over PostgreSQL an id that no message can have names none, whatever its characters", async (t) => {
  const store = postgresStoreAt(await (await server()).createDatabase());
  const fixture = await directFixture(t, { store });
  const { key } = await fixture.apiKey({ scopes: ["send", "read"] });
  for (const id of ["é", "\u0000", "😀", "a b", "x".repeat(200), "'; DROP TABLE mesh.mesh; --"]) {
    const { status, json } = await fixture.ask(key, "GET", `/messages/${encodeURIComponent(id)}`);
    assert.deepEqual([status, json["code"]], [404, "not_found"], id);
  }
});

test("over PostgreSQL a frame whose text the store cannot hold is refused for good, and its link goes on", async (t) => {
  const store = postgresStoreAt(await (await server()).createDatabase());
  const { bobLink } = await directFixture(t, { store });
  const odd = "a\u0000b";
  const frames = [
    { type: "subscribe", topic: odd },
    { type: "unsubscribe", topic: odd },
    { type: "topic_members", topic: odd },
    { type: "history", address: odd, before_seq: null, limit: 1 },
    { type: "queues", queue: odd, counts: true },
    { type: "queue_delete", queue: odd, force: true },
    { type: "queue_dead", queue: odd, after_seq: 0, limit: 1 },
    { type: "claim", queue: odd, limit: 1, lease_ms: 1_000, wait_ms: 0 },
  ] as const;
  const answers: string[] = [];
  for (const frame of frames)
    answers.push(
      await bobLink.request(frame as never).then(
        () => "none",
        ({ message }: Error) => message,
      ),
    );
  assert.deepEqual(new Set(answers), new Set(["control_character"]));
  assert.ok(await bobLink.request<"topics">({ type: "topics" }));
});
