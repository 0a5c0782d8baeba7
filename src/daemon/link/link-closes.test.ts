import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { CloseKind } from "../../protocol/close-codes.ts";
import { type LinkBench, linkBench } from "./link-bench.fixture.ts";

for (const kind of [
  "auth_failed",
  "replaced_by_newer_connection",
  "member_already_connected",
  "member_revoked",
] as const satisfies CloseKind[]) {
  test(`closed as ${kind}, while opening or later, the daemon does not dial again`, async (t) => {
    for (const opened of [false, true]) {
      const made = await linkBench(t);
      const link = await made.broker.connection();
      if (opened) {
        await link.open();
        await made.link("connected");
      } else {
        link.challenge();
        await link.next("hello");
      }
      link.close(kind);
      assert.equal((await made.daemon.ended)?.kind, kind);
      made.clock.advance(3_600_000);
      assert.equal(await stateOf(made), "stopped");
      assert.equal(made.broker.waiting(), 0);
    }
  });
}

for (const kind of ["protocol_error", "slow_consumer"] as const satisfies CloseKind[]) {
  test(`closed as ${kind} the daemon dials again after a pause`, async (t) => {
    const made = await linkBench(t);
    const link = await made.broker.connection();
    await link.open();
    await made.link("connected");
    link.close(kind);
    await made.link("waiting");
    assert.equal(made.broker.waiting(), 0);
    made.clock.advance(30_000);
    await (await made.broker.connection()).open();
    await made.link("connected");
  });
}

test("an end for good leaves an event behind, on which an operator can see who took the identity", async (t) => {
  const made = await linkBench(t);
  (await made.connected()).close("replaced_by_newer_connection");
  const down = await made.event("link_down");
  assert.equal(down["code"], 4003);
  assert.match(String(down["reason"]), /replaced_by_newer_connection/);
});

for (const opened of [false, true]) {
  test(`kicked until a time ${opened ? "while connected" : "while opening"}, the daemon stays away until then`, async (t) => {
    const made = await linkBench(t);
    const link = opened ? await made.connected() : await made.broker.connection();
    const until = new Date(made.clock.now() + 600_000).toISOString();
    link.socket.close(4009, JSON.stringify({ kind: "kicked", until }));
    await made.link("waiting");
    made.clock.advance(599_999);
    assert.equal(await stateOf(made), "waiting");
    made.clock.advance(1);
    await made.connected();
  });
}

test("kicked for longer than a timer can hold, the daemon stays away that long", async (t) => {
  const made = await linkBench(t);
  const days = 400;
  const until = new Date(made.clock.now() + days * 86_400_000).toISOString();
  const after = t.mock.method(made.clock, "after");
  (await made.connected()).socket.close(4009, until);
  await made.link("waiting");
  for (let day = 1; day < days; day += 1) {
    made.clock.advance(86_400_000);
    assert.equal(await stateOf(made), "waiting");
  }
  assert.ok(after.mock.calls.every(({ arguments: [delayMs] }) => delayMs < 2 ** 31));
  made.clock.advance(86_400_000);
  await made.connected();
});

test("a full disk does not hide from the daemon that it was closed for good", async (t) => {
  for (const features of [null, { supported: {}, missing_required: ["client_message_id_dedupe"] }]) {
    const made = await linkBench(t);
    const link = features === null ? await made.connected() : await made.broker.connection();
    diskFull(t);
    if (features === null) link.close("replaced_by_newer_connection");
    else await link.open({ features });
    const kind = features === null ? "replaced_by_newer_connection" : "feature_unavailable";
    assert.equal((await made.daemon.ended)?.kind, kind);
    t.mock.restoreAll();
  }
});

async function stateOf(made: LinkBench): Promise<unknown> {
  return ((await made.get("/v1/health"))["link"] as Record<string, unknown>)["state"];
}

/** From here on no commit finds room. */
function diskFull(t: TestContext): void {
  const { exec } = DatabaseSync.prototype;
  t.mock.method(DatabaseSync.prototype, "exec", function (this: DatabaseSync, sql: string) {
    if (sql === "COMMIT") throw Object.assign(new Error("planted"), { errcode: 13 });
    return exec.call(this, sql);
  });
}
