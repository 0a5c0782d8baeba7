import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { type CloseKind, closeCodes, serviceRestartCode } from "../../protocol/close-codes.ts";
import { closeFrame } from "../../protocol/close-reason.ts";
import { type LinkBench, linkBench, place } from "./link-bench.fixture.ts";

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

for (const [what, code] of [
  ["as malformed", closeCodes.protocol_error],
  ["as a slow consumer", closeCodes.slow_consumer],
  ["by a broker that restarts", serviceRestartCode],
  ["by a proxy that goes away", 1001],
  ["with an error of the server's", 1011],
  ["without a word", null],
  ["with a code that is nobody's", 4000],
  ["with a code of a later table", 4999],
] as const) {
  for (const opened of [false, true]) {
    test(`closed ${what} (${code ?? 1006}) ${opened ? "while connected" : "while opening"}, the daemon dials again after a pause`, async (t) => {
      const made = await linkBench(t);
      const link = opened ? await made.connected() : await made.broker.connection();
      if (code === null) link.socket.terminate();
      else link.socket.close(code, "why");
      await made.link("waiting");
      assert.equal(made.broker.waiting(), 0);
      made.clock.advance(30_000);
      await made.connected();
    });
  }
}

test("closed again and again the daemon backs off, and no longer than half a minute", async (t) => {
  const made = await linkBench(t);
  const pausesMs: number[] = [];
  for (let closes = 0; closes < 9; closes += 1) {
    const link = await made.broker.connection();
    link.socket.close(4000);
    await made.link("waiting");
    const { next_dial_at: due } = (await made.get("/v1/health"))["link"] as { next_dial_at: string };
    pausesMs.push(Date.parse(due) - made.clock.now());
    made.clock.advance(30_000);
  }
  assert.deepEqual(pausesMs, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});

test("after a slow consumer's close the daemon shows what it holds, and goes on from there", async (t) => {
  const made = await linkBench(t);
  const link = await made.connected();
  link.send({ type: "push", items: [place(1, "dm"), place(2, "dm")] });
  await link.next("push_ack");
  link.close("slow_consumer");
  await made.link("waiting");
  made.clock.advance(30_000);
  const { position } = await (await made.broker.connection()).open();
  assert.equal(position?.seq, 2);
});

for (const opened of [false, true]) {
  test(`who takes the identity over ${opened ? "while connected" : "while opening"} is told of with both instances, for who has to find the other`, async (t) => {
    const errors: Record<string, unknown>[] = [];
    const log = { ...silentLog, error: (fields: Record<string, unknown>) => void errors.push(fields) };
    const made = await linkBench(t, { log });
    const link = await made.broker.connection();
    if (!opened) link.challenge();
    const hello = opened ? await link.open() : await link.next("hello");
    if (opened) await made.link("connected");
    link.close("replaced_by_newer_connection", "another daemon opened a link", { other_instance_id: "the-other" });
    const { at: _, ...down } = await made.event("link_down");
    const instances = { instance_id: hello.instance_id, other_instance_id: "the-other" };
    assert.deepEqual(down, {
      code: 4003,
      reason: "replaced_by_newer_connection: another daemon opened a link",
      ...instances,
    });
    await made.daemon.ended;
    assert.deepEqual(errors, [{ code: 4003, kind: "replaced_by_newer_connection", ...instances }]);
  });
}

test("what a reason has no room for is told from the error frame, to the last word", async (t) => {
  for (const opened of [false, true]) {
    const made = await linkBench(t);
    const link = opened ? await made.connected() : await made.broker.connection();
    const detail = `not a member ${"of this mesh ".repeat(20)}`;
    link.close("auth_failed", detail);
    const end = await made.daemon.ended;
    assert.equal(end?.message, `auth_failed: ${detail}`);
    assert.deepEqual(end?.details, { detail });
  }
});

test("a member whose membership has ended sends nothing more from the moment that its daemon hears of it, and keeps what it has", async (t) => {
  for (const opened of [false, true]) {
    const made = await linkBench(t);
    await made.send("kept");
    const link = opened ? await made.connected() : await made.broker.connection();
    link.close("member_revoked", "the member was revoked");
    await made.daemon.ended;
    await assert.rejects(made.send("late"), /not_a_member/);
    // A retry of what it has taken is answered as it was.
    await made.send("kept");
    assert.equal(((await made.get("/v1/outbox"))["items"] as unknown[]).length, 1);
    await made.restart();
    await assert.rejects(made.send("later"), /not_a_member/);
  }
});

test("an error frame that is sent with hello_ack, before any traffic, is read all the same", async (t) => {
  const made = await linkBench(t);
  const link = await made.broker.connection();
  const cause = { kind: "auth_failed", detail: "gone meanwhile" } as const;
  await link.open({}, [{ ...closeFrame(cause) }]);
  link.socket.close(closeCodes.auth_failed);
  assert.equal((await made.daemon.ended)?.message, "auth_failed: gone meanwhile");
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

test("how long a kick lasts is shown, and a daemon that is started again meanwhile stays away until then too", async (t) => {
  const made = await linkBench(t);
  const until = new Date(made.clock.now() + 600_000).toISOString();
  (await made.connected()).close("kicked", `until ${until} by @ada`, { until });
  await made.link("waiting");
  const shown = async (): Promise<unknown[]> => {
    const link = (await made.get("/v1/health"))["link"] as Record<string, unknown>;
    return [link["state"], link["next_dial_at"], link["last_error_kind"], link["last_error"]];
  };
  const kicked = ["waiting", until, "kicked", `kicked: until ${until} by @ada`];
  assert.deepEqual(await shown(), kicked);
  for (const dial of ["when_due", "after_end"] as const) {
    await made.restart(dial);
    assert.deepEqual(await shown(), kicked);
    assert.equal(made.broker.waiting(), 0);
  }
  made.clock.advance(599_999);
  assert.deepEqual(await shown(), kicked);
  made.clock.advance(1);
  await made.connected();
  await made.restart("when_due");
  await made.connected();
});

test("a daemon that is started to dial at once does so, and is told again that it was sent away", async (t) => {
  const made = await linkBench(t);
  const until = new Date(made.clock.now() + 600_000).toISOString();
  (await made.connected()).close("kicked", `until ${until}`, { until });
  await made.link("waiting");
  await made.restart("at_once");
  (await made.broker.connection()).close("kicked", `until ${until}`, { until });
  await made.link("waiting");
  made.clock.advance(599_999);
  assert.equal(await stateOf(made), "waiting");
});

test("a daemon that is started again after an end for good waits ever longer before it dials, unless somebody asked for the start", async (t) => {
  const made = await linkBench(t);
  const end = async (): Promise<void> => {
    (await made.broker.connection()).close("auth_failed", "not a member of this mesh");
    await made.daemon.ended;
  };
  await end();
  for (const pauseMs of [5_000, 10_000, 20_000]) {
    await made.restart();
    const link = (await made.get("/v1/health"))["link"] as Record<string, unknown>;
    assert.deepEqual(
      [link["state"], link["last_error"], link["next_dial_at"]],
      ["waiting", "auth_failed: not a member of this mesh", new Date(made.clock.now() + pauseMs).toISOString()],
    );
    made.clock.advance(pauseMs - 1);
    assert.equal(await stateOf(made), "waiting");
    made.clock.advance(1);
    await end();
  }
  await made.restart("after_end");
  await made.connected();
  await made.restart("when_due");
  await made.connected();
});

test("kicked for longer than a timer can hold, the daemon stays away that long", async (t) => {
  const made = await linkBench(t);
  const days = 30;
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
