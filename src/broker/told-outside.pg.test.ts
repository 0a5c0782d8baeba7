import assert from "node:assert/strict";
import { test } from "node:test";
import { directFixture } from "./direct/direct.fixture.ts";
import { postgresStoreAt } from "./store/postgres/open-store.fixture.ts";
import { call } from "./testing/fixture.ts";
import { startPostgres } from "./testing/postgres-server.ts";

test("while the database is away nobody outside learns where it is or what it said, and the log does", async (t) => {
  const server = await startPostgres();
  t.after(() => server.remove());
  const fixture = await directFixture(t, { store: postgresStoreAt(await server.createDatabase()) });
  const { key } = await fixture.apiKey({ scopes: ["read"] });
  const { hostname, port } = new URL(fixture.broker.url);
  await server.stop("immediate");
  const answers = [
    await call({ host: hostname, port: Number(port) }, "GET", "/readyz"),
    await fixture.ask(key, "GET", "/members"),
    await fixture.ask(`${key.slice(0, -4)}AAAA`, "GET", "/members"),
  ];
  for (const { status, json } of answers) assert.deepEqual([status, json["code"]], [503, "store_unavailable"]);
  await assert.rejects(fixture.bobLink.request<"topics">({ type: "topics" }), /store_unavailable/);
  const frame = fixture.bobLink.frames.findLast(({ type }) => type === "error");
  for (const said of [...answers.map(({ text }) => text), JSON.stringify(frame)]) {
    assert.match(said, /store_unavailable/);
    for (const inner of [String(server.port), "ECONN", "terminat", "shut", "postgres"])
      assert.equal(said.includes(inner), false, `${inner} in ${said}`);
  }
  assert.ok(fixture.logged.some(({ fields }) => /ECONN|terminat|shut/.test(String(fields["error"]))));
});
