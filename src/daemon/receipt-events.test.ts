import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { receiptEvent } from "./receipt-event.ts";
import { createInbox } from "./inbox/inbox.ts";
import { accepted } from "./localapi/link.fixture.ts";
import { createOutbox } from "./outbox/outbox.ts";
import { testSealer } from "./outbox/sealer.fixture.ts";

const me = "a".repeat(64);
const meshId = "0198f0a0-0000-7000-8000-000000000001";

describe("a receipt", () => {
  it("of every stage becomes an event of its own, in order", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cm-receipts-"));
    const fatal = (error: unknown): never => assert.fail(String(error));
    const common = { memberId: me, clock: systemClock, log: silentLog, fatal };
    const inbox = createInbox({ ...common, path: join(dir, "inbox.db"), memberName: () => "ada", nameOf: () => null });
    const outbox = createOutbox({
      ...common,
      path: join(dir, "outbox.db"),
      meshId,
      ...testSealer({ meshId, memberId: me }),
      voidIds: async () => [],
      onStages: (rows) => inbox.addEvents(rows.map(receiptEvent), systemClock.now()),
      onPressure: () => {},
    });
    await inbox.start();
    await outbox.start();
    const heard: unknown[] = [];
    let wake: () => void = () => {};
    inbox.onEvent(({ data }) => {
      heard.push(data["stage"]);
      wake();
    });
    const until = async (count: number): Promise<void> => {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await outbox.accept({
      client_message_id: "m",
      minted: false,
      fingerprint: () => Buffer.alloc(32),
      to: "@ada",
      destination_kind: "dm",
      destination_ref: me,
      body: Buffer.from("x"),
      content_type: "text/plain",
      priority: "next",
      meta: "",
      mentions: [],
      reply_to: null,
    });
    const now = Date.now();
    const [row] = await outbox.claimDue(now, 1);
    assert.ok(row !== undefined);
    const { client_message_id: wireId, request_fingerprint: fingerprint } = row.envelope;
    await outbox.settle([{ outboxId: row.outboxId, answer: accepted(wireId, row.outboxId) }], now);
    await until(1);
    const at = "2026-01-01T00:00:00.000Z";
    await outbox.applyReceipts([{ wireId, fingerprint, from: me, state: "delivered", at }]);
    await until(2);
    await outbox.applyReceipts([{ wireId, fingerprint, from: me, state: "read", at }]);
    await until(3);
    assert.deepEqual(heard, ["accepted", "delivered", "read"]);
    await outbox.stop();
    await inbox.stop();
    rmSync(dir, { recursive: true });
  });
});
