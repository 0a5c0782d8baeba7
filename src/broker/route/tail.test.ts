import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LogMessage } from "../store/store.ts";
import type { PushEntry } from "./push-entry.ts";
import { createTail } from "./tail.ts";

const entry = (seq: number, size = 10): PushEntry => ({
  seq,
  sender: "s",
  bodyBytes: size,
  size,
  message: { seq } as unknown as LogMessage,
  json: () => `{"seq":${seq}}`,
});

test("whatever was appended and evicted, the tail answers exactly what lies above, or says that it cannot", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key: fc.constantFrom("dm:a", "dm:b", "topic:t"), gap: fc.integer({ min: 0, max: 20 }) }), {
        maxLength: 200,
      }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 260 }),
      (appends, tailItemsMax, afterSeq) => {
        const tail = createTail({ tailItemsMax, tailBytesMax: 1_000 });
        const all: { key: string; seq: number }[] = [];
        let seq = 5;
        for (const { key, gap } of appends) {
          seq += gap === 20 ? 2 : 1;
          tail.append(key, entry(seq));
          all.push({ key, seq });
        }
        for (const key of ["dm:a", "dm:b", "topic:t"]) {
          const found = tail.after(key, afterSeq, 1_000);
          if (found === null) continue;
          assert.deepEqual(
            found.map((item) => item.seq),
            all.filter((item) => item.key === key && item.seq > afterSeq).map((item) => item.seq),
          );
        }
        if (seq > 5) assert.notEqual(tail.after("dm:a", seq, 10), null);
      },
    ),
  );
});

test("a gap in the numbers empties the tail, since a commit was not told here", () => {
  const tail = createTail({ tailItemsMax: 10, tailBytesMax: 1_000 });
  tail.append("dm:a", entry(1));
  tail.append("dm:a", entry(3));
  assert.equal(tail.after("dm:a", 1, 10), null);
  assert.deepEqual(
    tail.after("dm:a", 2, 10)?.map(({ seq }) => seq),
    [3],
  );
});

test("nothing is answered before the first append and after a reset", () => {
  const tail = createTail({ tailItemsMax: 10, tailBytesMax: 1_000 });
  assert.equal(tail.after("dm:a", 1_000, 10), null);
  tail.append("dm:a", entry(1));
  tail.reset();
  assert.equal(tail.after("dm:a", 1, 10), null);
});
