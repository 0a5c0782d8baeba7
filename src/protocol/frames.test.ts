import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { closeCodes } from "./close-codes.ts";
import { ClaudemeshError } from "./error.ts";
import { parseBrokerFrame, parseDaemonFrame } from "./frame-check.ts";
import { brokerShapes, daemonShapes } from "./frame-shapes.ts";
import { limits } from "./limits.ts";

test("close codes are the fixed ones", () => {
  assert.deepEqual(closeCodes, {
    protocol_error: 4001,
    auth_failed: 4002,
    replaced_by_newer_connection: 4003,
    member_already_connected: 4004,
    member_revoked: 4005,
    slow_consumer: 4008,
    kicked: 4009,
    feature_unavailable: 4010,
    feature_param_invalid: 4011,
    feature_param_below_floor: 4012,
  });
});

const void_ = { type: "void", id: 1, items: ["0198f0a0-0000-7000-8000-000000000001"] };

test("a frame is taken with fields that are not known, and refused when one that is known is missing or ill-formed", () => {
  assert.equal(parseDaemonFrame(JSON.stringify({ ...void_, from_the_future: {} })).type, "void");
  for (const bad of [
    { ...void_, id: undefined },
    { ...void_, id: -1 },
    { ...void_, id: "1" },
    { ...void_, items: null },
    { ...void_, items: ["x y"] },
  ])
    assert.throws(() => parseDaemonFrame(JSON.stringify(bad)), { code: "protocol_error" }, JSON.stringify(bad));
});

test("a broker whose limits let nothing through is none", () => {
  const ack = {
    type: "hello_ack",
    connection_id: "c",
    link_epoch: 1,
    mesh: { mesh_id: "m", slug: "local" },
    member: { member_id: "ab".repeat(32), name: "ada" },
    features: {},
    log: { epoch: 1, head: 0, breaks: [] },
    membership: null,
  };
  const sound = { inline_bytes: 1_024, frame_bytes: 1_024, frame_items: 1 };
  assert.equal(parseBrokerFrame(JSON.stringify({ ...ack, limits: sound })).type, "hello_ack");
  for (const bad of [{ inline_bytes: 0 }, { frame_bytes: 1_023 }, { frame_items: 0 }, { inline_bytes: 1e300 }])
    assert.throws(() => parseBrokerFrame(JSON.stringify({ ...ack, limits: { ...sound, ...bad } })), {
      code: "protocol_error",
    });
});

test("a type that is not known is told with its name and id, also one named like a property of every object", () => {
  for (const type of ["from_the_future", "__proto__", "constructor", "toString"]) {
    assert.throws(
      () => parseDaemonFrame(`{"type":${JSON.stringify(type)},"id":7}`),
      (error) =>
        error instanceof ClaudemeshError && error.details["unknown_type"] === type && error.details["id"] === 7,
    );
  }
});

test("no list is longer than its limit", () => {
  const items = Array.from({ length: limits.frameItemsMax + 1 }, () => void_.items[0]);
  assert.throws(() => parseDaemonFrame(JSON.stringify({ ...void_, items })), { code: "protocol_error" });
  assert.equal(parseDaemonFrame(JSON.stringify({ ...void_, items: items.slice(1) })).type, "void");
});

test("whatever arrives, a frame is read or refused as protocol_error; nothing else happens", () => {
  const types = [...Object.keys(daemonShapes), ...Object.keys(brokerShapes), "other"];
  fc.assert(
    fc.property(
      fc.constantFrom(...types),
      fc.dictionary(
        fc.constantFrom("id", "items", "acks", "groups", "log", "features", "position", "event"),
        fc.jsonValue(),
      ),
      (type, fields) => {
        for (const parse of [parseDaemonFrame, parseBrokerFrame]) {
          try {
            assert.equal(parse(JSON.stringify({ ...fields, type })).type, type);
          } catch (error) {
            assert.ok(error instanceof ClaudemeshError && error.code === "protocol_error", String(error));
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) =>
      assert.throws(() => parseDaemonFrame(text), { code: "protocol_error" }),
    ),
  );
});
