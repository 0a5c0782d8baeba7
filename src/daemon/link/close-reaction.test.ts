import assert from "node:assert/strict";
import { test } from "node:test";
import { type CloseKind, closeCodes, serviceRestartCode } from "../../protocol/close-codes.ts";
import { limits } from "../../protocol/limits.ts";
import { closeFrame, closeReason } from "../../protocol/close-reason.ts";
import { reactionTo } from "./close-reaction.ts";

const now = Date.UTC(2026, 0, 1);
const minute = 60_000;

/** wire.md §3: what no new connection can mend ends the daemon; every other close is followed by the next dial. */
const endsTheDaemon: Readonly<Record<CloseKind, boolean>> = {
  protocol_error: false,
  auth_failed: true,
  replaced_by_newer_connection: true,
  member_already_connected: true,
  member_revoked: true,
  slow_consumer: false,
  kicked: false,
  feature_unavailable: true,
  feature_param_invalid: true,
  feature_param_below_floor: true,
};

test("each close code of the table ends the daemon with its own kind, or is followed by the next dial", () => {
  for (const [kind, ends] of Object.entries(endsTheDaemon) as [CloseKind, boolean][]) {
    const reaction = reactionTo(closeCodes[kind], "", null, now);
    assert.equal(reaction.fatal, ends ? kind : null, kind);
    assert.equal(reaction.reason, kind);
  }
});

test("a close that is none of the table's, by the network or a broker that restarts, is followed by the next dial", () => {
  for (const code of [1000, 1001, 1005, 1006, 1011, serviceRestartCode, 4000, 4006, 4007, 4013, 4999]) {
    const { reason, kind, fatal, notBeforeMs } = reactionTo(code, "why", null, now);
    assert.deepEqual([reason, kind, fatal, notBeforeMs], [`closed (${code}): why`, null, null, 0]);
  }
  assert.equal(
    reactionTo(serviceRestartCode, '{"kind":"service_restart"}', null, now).reason,
    "closed (1012): service_restart",
  );
});

test("what was said is the error frame's, where it is of the close's kind, else the reason's", () => {
  const code = closeCodes.feature_param_invalid;
  const cause = { kind: "feature_param_invalid", feature: "max_payload", detail: "d".repeat(300) } as const;
  const reason = closeReason(cause);
  const said = reactionTo(code, reason, closeFrame(cause), now);
  assert.equal(said.reason, `feature_param_invalid: max_payload: ${cause.detail}`);
  assert.deepEqual([said.feature, said.detail], [cause.feature, cause.detail]);
  const { feature, detail } = JSON.parse(reason) as { feature: string; detail: string };
  for (const told of [null, closeFrame({ ...cause, kind: "feature_unavailable" })])
    assert.equal(reactionTo(code, reason, told, now).reason, `feature_param_invalid: ${feature}: ${detail}`);
  assert.equal(reactionTo(closeCodes.auth_failed, "go away", null, now).reason, "auth_failed: go away");
});

test("the other daemon's instance is taken from the error frame alone", () => {
  const cause = { kind: "replaced_by_newer_connection", detail: "d", facts: { other_instance_id: "i" } } as const;
  const code = closeCodes.replaced_by_newer_connection;
  assert.equal(reactionTo(code, closeReason(cause), closeFrame(cause), now).otherInstanceId, "i");
  assert.equal(reactionTo(code, closeReason(cause), null, now).otherInstanceId, null);
  const odd = closeFrame({ ...cause, facts: { other_instance_id: 7 } });
  assert.equal(reactionTo(code, "", odd, now).otherInstanceId, null);
});

test("a kick lasts to the time that it names, a minute if it names none that can be read, not at all once that is past, and never longer than a kick can be", () => {
  const kicked = (reason: string, facts?: Record<string, unknown>) =>
    reactionTo(
      closeCodes.kicked,
      reason,
      facts === undefined ? null : closeFrame({ kind: "kicked", detail: "by @ada", facts }),
      now,
    ).notBeforeMs;
  assert.equal(kicked('{"kind":"kicked","until":"2026-01-01T00:10:00.000Z"}'), 10 * minute);
  assert.equal(kicked('{"kind":"kicked","detail":"until 2026-01-01T00:10:00.000Z"}'), 10 * minute);
  assert.equal(kicked("2026-01-01T00:10:00Z"), 10 * minute);
  assert.equal(kicked('{"until":"2025-12-31T23:59:59.999Z"}'), 0);
  assert.equal(kicked('{"until":"9999-12-31T23:59:59.999Z"}'), limits.kickMsMax);
  assert.equal(kicked("2026-01-01T00:10:00Z", { until: "2026-01-01T00:20:00.000Z" }), 20 * minute);
  for (const until of [{}, 5, { toString: 1, valueOf: 1 }, ["2026-01-01T00:30:00Z"]])
    assert.equal(kicked("2026-01-01T00:10:00Z", { until }), 10 * minute);
  for (const reason of ["", "go away", '{"until":"2026-99-99T99:99:99Z"}', '{"until":"2026-01-01T...Z"}'])
    assert.equal(kicked(reason), minute, reason);
});
