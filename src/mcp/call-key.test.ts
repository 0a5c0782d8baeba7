import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkClientMessageId, newUuidV7 } from "../protocol/ids.ts";
import { derivedKey } from "./call-key.ts";

const nonce = newUuidV7(1_700_000_000_000);
const requestId = fc.oneof(fc.integer(), fc.string({ maxLength: 200 }), fc.string({ unit: "binary", maxLength: 50 }));

test("a derived key can be a message's id, whatever the client calls its request", () => {
  fc.assert(fc.property(requestId, (id) => checkClientMessageId(derivedKey(nonce, id)) !== ""));
});

test("two requests of one process have two keys, and a request that comes again has its own", () => {
  fc.assert(
    fc.property(requestId, requestId, (one, other) => {
      assert.equal(derivedKey(nonce, one) === derivedKey(nonce, other), Object.is(one, other) || one === other);
    }),
  );
  assert.notEqual(derivedKey(nonce, 1), derivedKey(nonce, "1"));
});

test("the same request id at the next server process is another call: the client counts from the beginning", () => {
  const next = newUuidV7(1_700_000_000_001);
  fc.assert(fc.property(requestId, (id) => derivedKey(nonce, id) !== derivedKey(next, id)));
});
