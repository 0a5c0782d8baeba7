import assert from "node:assert/strict";
import { test } from "node:test";
import { type CloseKind, closeCodes, serviceRestartCode } from "../../protocol/close-codes.ts";
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
    const reaction = reactionTo(closeCodes[kind], "", now);
    assert.equal(reaction.fatal, ends ? kind : null, kind);
    assert.equal(reaction.reason, kind);
  }
});

test("a close that is none of the table's, by the network or a broker that restarts, is followed by the next dial", () => {
  for (const code of [1000, 1005, 1006, 1011, serviceRestartCode, 4000, 4006, 4007, 4999]) {
    assert.deepEqual(reactionTo(code, "why", now), {
      reason: `closed (${code}): why`,
      kind: null,
      fatal: null,
      notBeforeMs: 0,
    });
  }
});

test("a kick lasts to the time that it names, a minute if it names none that can be read, and not at all once that is past", () => {
  const kicked = (reason: string) => reactionTo(closeCodes.kicked, reason, now).notBeforeMs;
  assert.equal(kicked('{"kind":"kicked","until":"2026-01-01T00:10:00.000Z"}'), 10 * minute);
  assert.equal(kicked("2026-01-01T00:10:00Z"), 10 * minute);
  assert.equal(kicked('{"until":"2025-12-31T23:59:59.999Z"}'), 0);
  for (const reason of ["", "go away", '{"until":"2026-99-99T99:99:99Z"}', '{"until":"2026-01-01T...Z"}'])
    assert.equal(kicked(reason), minute, reason);
});
