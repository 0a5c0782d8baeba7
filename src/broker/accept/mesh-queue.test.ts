import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Envelope } from "../../protocol/envelope.ts";
import { createMeshQueue, type QueuedItem } from "./mesh-queue.ts";
import type { SenderLink } from "./sender-link.ts";

const links = ["a", "b", "c"].map((name) => ({ memberId: name }) as unknown as SenderLink);

const queued = (id: string, link: SenderLink | undefined, place: number): QueuedItem => ({
  envelope: { client_message_id: id, mentions: [String(place)] } as unknown as Envelope,
  fingerprint: Buffer.alloc(32),
  bodyBytes: 1,
  destination: "dm:x",
  link: link as SenderLink,
  settle: () => undefined,
});

test("batches hold each id once, lose nothing and keep every link's order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ id: fc.integer({ min: 0, max: 6 }), link: fc.integer({ min: 0, max: 2 }) }), {
        maxLength: 80,
      }),
      fc.integer({ min: 1, max: 9 }),
      (sends, batchMax) => {
        const queue = createMeshQueue();
        const items = sends.map(({ id, link }, place) => queued(`id${id}`, links[link], place));
        for (const item of items) queue.push(item);
        const taken: QueuedItem[] = [];
        while (queue.count() > 0) {
          const batch = queue.take(batchMax);
          assert.ok(batch.length > 0 && batch.length <= batchMax);
          assert.equal(new Set(batch.map((item) => item.envelope.client_message_id)).size, batch.length);
          taken.push(...batch);
        }
        assert.equal(queue.bytes(), 0);
        for (const link of links)
          assert.deepEqual(
            taken.filter((item) => item.link === link),
            items.filter((item) => item.link === link),
          );
      },
    ),
  );
});
