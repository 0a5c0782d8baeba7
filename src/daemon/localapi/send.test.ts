import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { limits } from "../../protocol/limits.ts";
import { type Answer, httpCall, type Target } from "../../http/http-call.fixture.ts";
import { accepted, settleAll } from "./link.fixture.ts";
import { directory, meshId, type SendHost, startSendHost } from "./send-host.fixture.ts";

for (const transport of ["unix socket", "tcp"] as const) {
  describe(`POST /v1/send over the ${transport}`, () => {
    let dir: string;
    let host: SendHost;
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), "cm-send-"));
      host = await startSendHost(dir);
    });
    afterEach(async () => {
      await host.stop();
      rmSync(dir, { recursive: true });
    });
    const target = (): Target => host.targets[transport === "tcp" ? 1 : 0] ?? assert.fail();
    const send = (body: unknown, id?: string): Promise<Answer> =>
      httpCall(target(), "POST", "/v1/send", {
        body,
        ...(id === undefined ? {} : { headers: { "idempotency-key": id } }),
      });
    const rows = (): number => Object.values(host.outbox.counts()).reduce((sum, count) => sum + count, 0);
    const conflict = (answer: Answer, name: string, extras: Record<string, unknown> = {}): void => {
      assert.equal(answer.status, 409, answer.text);
      assert.equal(answer.json["code"], "idempotency_key_reused");
      assert.equal(answer.json["conflict"], name);
      assert.match(String(answer.json["daemon_fingerprint_prefix"]), /^[0-9a-f]{16}$/);
      for (const [key, value] of Object.entries(extras)) assert.equal(answer.json[key], value);
    };
    const first = { to: "@bob", message: "hello", meta: { b: 1, a: 2 }, mentions: ["@ada"] };
    const other = { ...first, message: "hello!" };

    it("stores a new message and answers 202 queued, with an id of the caller's or a minted one", async () => {
      const answer = await send(first, "k-1");
      assert.equal(answer.status, 202, answer.text);
      assert.deepEqual(answer.json, {
        client_message_id: "k-1",
        outbox_id: 1,
        state: "queued",
        duplicate: false,
        durability: "disk",
      });
      const minted = await send(first);
      assert.match(String(minted.json["client_message_id"]), /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      assert.equal(rows(), 2);
      const view = await httpCall(target(), "GET", "/v1/messages/k-1");
      assert.equal(view.json["status"], "pending");
      assert.equal((await httpCall(target(), "GET", "/v1/messages/none")).json["code"], "not_found");
    });

    it("answers every row of the table for the same id with the same and with another request", async () => {
      const historyOf = new Map<string, number>();
      await send(first, "pending");
      assert.deepEqual((await send(first, "pending")).json, {
        client_message_id: "pending",
        outbox_id: 1,
        state: "queued",
        duplicate: true,
        durability: "disk",
      });
      conflict(await send(other, "pending"), "outbox_pending_fingerprint_mismatch");

      for (const id of ["inflight", "done", "dead"]) await send(first, id);
      await settleAll(host.outbox, Date.now(), (wire, row) => {
        if (wire.endsWith(":inflight")) return null;
        if (wire.endsWith(":dead"))
          return { status: 403, client_message_id: wire, code: "not_subscribed", message: "no" };
        historyOf.set(wire, row);
        return accepted(wire, row);
      });
      const inflight = await send(first, "inflight");
      assert.equal(inflight.status, 202);
      assert.deepEqual([inflight.json["state"], inflight.json["duplicate"]], ["inflight", true]);
      conflict(await send(other, "inflight"), "outbox_inflight_fingerprint_mismatch");

      const done = await send(first, "done");
      assert.equal(done.status, 200);
      assert.deepEqual(done.json, {
        client_message_id: "done",
        outbox_id: 3,
        state: "done",
        duplicate: true,
        durability: "disk",
        broker_message_id: "0198f0a0-0000-7000-8000-000000000003",
        history_id: 3,
      });
      conflict(await send(other, "done"), "outbox_done_fingerprint_mismatch", {
        broker_message_id: "0198f0a0-0000-7000-8000-000000000003",
      });

      conflict(await send(first, "dead"), "outbox_dead_fingerprint_match", { reason: "not_subscribed" });
      conflict(await send(other, "dead"), "outbox_dead_fingerprint_mismatch");

      await send(first, "aborted");
      const row = Number((await httpCall(target(), "GET", "/v1/messages/aborted")).json["outbox_id"]);
      assert.equal((await httpCall(target(), "POST", `/v1/outbox/${row}/drop`)).json["status"], "aborted");
      conflict(await send(first, "aborted"), "outbox_aborted_fingerprint_match");
      conflict(await send(other, "aborted"), "outbox_aborted_fingerprint_mismatch");
      assert.equal(rows(), 5);
    });

    it("gives the same answers after a restart", async () => {
      for (const id of ["a", "b"]) await send(first, id);
      await settleAll(host.outbox, Date.now(), (wire, row) =>
        wire.endsWith(":a")
          ? accepted(wire, row)
          : { status: 403, client_message_id: wire, code: "not_subscribed", message: "no" },
      );
      const before = [await send(first, "a"), await send(other, "a"), await send(first, "b"), await send(other, "b")];
      await host.stop();
      host = await startSendHost(dir, { directory: null });
      const after = [await send(first, "a"), await send(other, "a"), await send(first, "b"), await send(other, "b")];
      assert.deepEqual(
        after.map(({ status, json }) => ({ status, json })),
        before.map(({ status, json }) => ({ status, json })),
      );
      assert.deepEqual(
        after.map(({ status }) => status),
        [200, 409, 409, 409],
      );
    });

    it("asks the broker before it refuses a name that it does not know", async () => {
      const toNew = JSON.stringify({ to: "#brand-new", message: "hello", mentions: ["@newcomer"] });
      assert.equal((await send(toNew, "n")).status, 404);
      const [topic] = directory.topics;
      const [member] = directory.members;
      assert.ok(topic !== undefined && member !== undefined);
      host.link.fresh = {
        ...directory,
        topics: [...directory.topics, { ...topic, topic_id: "t-new", name: "brand-new" }],
        members: [...directory.members, { ...member, member_id: "9".repeat(64), name: "newcomer" }],
      };
      assert.equal((await send(toNew, "n")).status, 202);
    });

    it("recognises a request by what it says, however it is written", async () => {
      await send(first, "k");
      const same = `{"mentions":["@ada"],"meta":{"a":2.0,"b":1e0},"priority":"next","content_type":"text/plain; charset=utf-8","message":"h\\u0065llo","to":"@bob"}`;
      assert.equal((await send(same, "k")).status, 202);
      assert.equal(
        (
          await send(
            {
              to: "@bob",
              body: "aGVsbG8",
              content_type: "text/plain; charset=utf-8",
              meta: first.meta,
              mentions: first.mentions,
            },
            "k",
          )
        ).status,
        202,
      );
      for (const change of [
        { to: "@BOB" },
        { meta: {} },
        { mentions: [] },
        { priority: "now" },
        { content_type: "text/markdown" },
        { reply_to: meshId },
      ]) {
        conflict(await send({ ...first, ...change }, "k"), "outbox_pending_fingerprint_mismatch");
      }
      assert.equal(rows(), 1);
    });

    it("takes the id from header or body alike, and refuses two that differ", async () => {
      await send({ ...first, client_message_id: "k" });
      assert.equal((await send(first, "k")).json["duplicate"], true);
      assert.equal((await send({ ...first, client_message_id: "k" }, "k")).json["duplicate"], true);
      const answer = await send({ ...first, client_message_id: "k" }, "l");
      assert.deepEqual([answer.status, answer.json["code"]], [400, "id_conflict_header_body"]);
      assert.equal(rows(), 1);
    });

    it("makes one row of 50 sends of one id at once", async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(first, "same")));
      assert.equal(rows(), 1);
      assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([202]));
      assert.equal(answers.filter((answer) => answer.json["duplicate"] === false).length, 1);
    });

    it("lets one of two requests with one id win, and tells the other", async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => send(index % 2 === 0 ? first : other, "same")),
      );
      assert.equal(rows(), 1);
      const won = answers.filter((answer) => answer.status === 202);
      assert.equal(won.length, 25);
      for (const answer of answers) if (answer.status !== 202) conflict(answer, "outbox_pending_fingerprint_mismatch");
    });

    it("stores nothing of what it refuses", async () => {
      const refusals: [number, string, unknown, string?][] = [
        [400, "malformed_json", "{"],
        [400, "duplicate_key", '{"to":"@bob","message":"","meta":{"a":1,"a":2}}'],
        [400, "number_out_of_range", '{"to":"@bob","message":"","meta":{"a":9007199254740992}}'],
        [400, "invalid_utf8", Buffer.from('{"to":"@bob","message":"\xff"}', "latin1")],
        [400, "lone_surrogate", '{"to":"@bob","message":"\\udc00"}'],
        [
          400,
          "too_deep",
          { to: "@bob", message: "", meta: JSON.parse(`${'{"a":'.repeat(17)}1${"}".repeat(17)}`) as unknown },
        ],
        [400, "meta_too_large", { to: "@bob", message: "", meta: { a: "x".repeat(9_000) } }],
        [400, "unknown_field", { ...first, replyToId: meshId }],
        [400, "missing_field", { message: "x" }],
        [400, "missing_field", { to: "@bob" }],
        [400, "invalid_field", { to: "@bob", message: "x", body: "eA" }],
        [400, "invalid_id", first, "x".repeat(97)],
        [400, "invalid_id", { ...first, client_message_id: "a b" }],
        [400, "id_conflict_header_body", { ...first, client_message_id: "a" }, "b"],
        [400, "invalid_destination", { to: "bob", message: "x" }],
        [400, "control_character", { to: "@bob\u0007", message: "x" }],
        [404, "unknown_destination", { to: "@bop", message: "x" }],
        [404, "unknown_destination", { to: "#opps", message: "x" }],
        [404, "unknown_destination", { to: "queue:jobs", message: "x" }],
        [404, "unknown_destination", { to: "@bob", message: "x", mentions: ["@nobody"] }],
        [413, "body_too_large", { to: "@bob", message: "x".repeat(65_537) }],
        [413, "body_too_large", { to: "@bob", message: "x".repeat(limits.localBodyBytesMax) }],
      ];
      for (const [status, code, body, id] of refusals) {
        const answer = await send(body, id);
        assert.equal(answer.json["code"], code, answer.text);
        assert.equal(answer.status, status);
        assert.ok(answer.json["hint"] !== "" && typeof answer.json["detail"] === "string");
      }
      assert.deepEqual((await send({ to: "@bop", message: "x" })).json["suggestions"], ["@bob"]);
      assert.equal((await send({ to: "@bob", message: "x".repeat(65_536) })).status, 202);
      assert.equal(rows(), 1);
    });

    it("answers a known id although its destination is gone or no directory was ever seen", async () => {
      await send(first, "k");
      host.link.known = { ...directory, members: [] };
      assert.equal((await send(first, "k")).json["duplicate"], true);
      host.link.known = null;
      assert.equal((await send(first, "k")).json["duplicate"], true);
      const fresh = await send(first, "l");
      assert.deepEqual(
        [fresh.status, fresh.json["code"], fresh.json["retryable"]],
        [503, "directory_unavailable", true],
      );
      assert.equal((await send({ to: "@ada", message: "note to self" })).status, 202);
      assert.equal(rows(), 2);
    });

    it("answers 507 when the outbox is full, stores nothing more, and still answers known ids", async () => {
      await host.stop();
      host = await startSendHost(dir, { diskBytesMax: 400_000 });
      const big = { to: "@bob", message: "x".repeat(20_000) };
      let full: Answer | null = null;
      for (let sent = 0; full === null && sent < 100; sent++) {
        const answer = await send(big, `k-${sent}`);
        if (answer.status !== 202) full = answer;
      }
      assert.deepEqual([full?.status, full?.json["code"], full?.json["retryable"]], [507, "outbox_full", true]);
      const before = rows();
      assert.equal((await send(big, "one-more")).status, 507);
      assert.equal(rows(), before);
      assert.equal((await send(big, "k-0")).json["duplicate"], true);
      await settleAll(host.outbox, Date.now(), accepted);
      assert.equal((await send(big, "k-0")).status, 200);
    });

    it("requeues and drops rows, and says why it does not", async () => {
      for (const id of ["a", "b"]) await send(first, id);
      await settleAll(host.outbox, Date.now(), (wire, row) =>
        wire.endsWith(":a")
          ? accepted(wire, row)
          : { status: 403, client_message_id: wire, code: "not_subscribed", message: "no" },
      );
      const post = (path: string, body?: unknown) =>
        httpCall(target(), "POST", path, body === undefined ? {} : { body });
      assert.equal((await post("/v1/outbox/1/requeue")).json["code"], "row_not_requeueable");
      assert.equal((await post("/v1/outbox/9/requeue")).json["code"], "not_found");
      assert.equal((await post("/v1/outbox/x/drop")).json["code"], "not_found");
      assert.equal((await post("/v1/outbox/2/requeue", { newid: "c" })).json["suggestion"], "new_id");
      assert.equal((await post("/v1/outbox/2/requeue", { patch: { to: "@ada" } })).json["code"], "unknown_field");
      assert.equal(
        (await post("/v1/outbox/2/requeue", { patch: { message: "x".repeat(65_537) } })).json["code"],
        "body_too_large",
      );
      assert.equal((await post("/v1/outbox/2/requeue", { new_id: "a" })).json["code"], "already_exists");
      const requeued = await post("/v1/outbox/2/requeue", { new_id: "c", patch: { message: "again" } });
      assert.deepEqual(
        [requeued.status, requeued.json["client_message_id"], requeued.json["supersedes"], requeued.json["to"]],
        [200, "c", 2, "@bob"],
      );
      const old = await httpCall(target(), "GET", "/v1/outbox/2");
      assert.deepEqual([old.json["status"], old.json["superseded_by"]], ["aborted", 3]);
      assert.equal((await post("/v1/outbox/3/drop", { force: "yes" })).json["code"], "invalid_field");
      await settleAll(host.outbox, Date.now(), () => null);
      const pending = await post("/v1/outbox/3/drop", {});
      assert.deepEqual(
        [pending.status, pending.json["code"], pending.json["retryable"]],
        [409, "outcome_pending", true],
      );
      assert.equal((await post("/v1/outbox/3/drop", { force: true })).json["status"], "aborted");
      const page = await httpCall(target(), "GET", "/v1/outbox?state=aborted&limit=1");
      assert.equal((page.json["items"] as unknown[]).length, 1);
      const rest = await httpCall(
        target(),
        "GET",
        `/v1/outbox?state=aborted,done&cursor=${String(page.json["next_cursor"])}`,
      );
      assert.equal((rest.json["items"] as unknown[]).length, 1);
      assert.equal((await httpCall(target(), "GET", "/v1/outbox?state=late")).json["code"], "invalid_field");
      assert.equal((await httpCall(target(), "GET", "/v1/outbox?limit=0")).json["code"], "invalid_field");
      assert.equal((await httpCall(target(), "GET", "/v1/outbox?cursor=x")).json["code"], "invalid_field");
    });

    it("refuses new requests while it stops, and answers those under way", async () => {
      const under = Array.from({ length: 20 }, (_, index) => send(first, `k-${index}`));
      const answers = await Promise.all(under.map((answer) => answer.catch(() => null)));
      host.api.refuse();
      assert.ok(answers.every((answer) => answer?.status === 202));
      const late = await send(first, "late");
      assert.deepEqual([late.status, late.json["code"]], [503, "stopping"]);
      assert.equal(rows(), 20);
    });
  });
}
