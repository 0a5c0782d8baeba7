import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame, closeReason } from "../../protocol/close-reason.ts";
import { brokerFixture } from "../testing/fixture.ts";

const noted = /a daemon closed its link/;
const metric = (code: string): string => `cm_broker_links_closed_by_daemons_total{code="${code}"}`;

test("what a daemon closes its link with is logged as far as it can be read, and counted by its code", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const cause = { kind: "feature_param_invalid", feature: "max_payload", detail: "d".repeat(90) } as const;
  for (const [code, reason, told] of [
    [4011, closeReason(cause), { feature: "max_payload", detail: "d".repeat(55) }],
    [4010, "", { feature: null, detail: null }],
    [4012, "what is this", { feature: null, detail: "what is this" }],
    [4012, '{"kind":7,"feature":[],"detail":{"a":1}}', { feature: null, detail: null }],
    [4999, '{"detail":"later"}', { feature: null, detail: "later" }],
  ] as const) {
    const peer = await fixture.connect(alice);
    fixture.logged.length = 0;
    peer.socket.close(code, reason);
    await peer.closed;
    // Answered after the close was handled.
    await fixture.metric("cm_broker_links");
    const { fields } = fixture.logged.find(({ message }) => noted.test(message)) ?? assert.fail(`${code} ${reason}`);
    assert.equal(fields["code"], code);
    assert.equal(fields["member_id"], alice.memberId);
    assert.deepEqual({ feature: fields["feature"], detail: fields["detail"] }, told);
  }
  assert.deepEqual(
    [await fixture.metric(metric("4011")), await fixture.metric(metric("4012")), await fixture.metric(metric("other"))],
    [1, 2, 1],
  );
});

test("a daemon that stops, or is cut off, has closed with nothing to tell", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  for (const end of ["close", "terminate"] as const) {
    const peer = await fixture.connect(alice);
    if (end === "close") peer.socket.close(1000, "stopping");
    else peer.socket.terminate();
    await peer.closed;
    await fixture.metric("cm_broker_links");
  }
  assert.ok(!fixture.logged.some(({ message }) => noted.test(message)));
});

test("what the error frame before it has beyond the reason is logged too, whatever it is", async (t) => {
  const fixture = await brokerFixture(t);
  const alice = await fixture.member("alice");
  const cause = { kind: "feature_unavailable", feature: "time_travel", detail: "d".repeat(300) } as const;
  for (const [frame, told] of [
    [closeFrame(cause), [cause.feature, cause.detail]],
    [{ ...closeFrame(cause), details: ["odd"] }, [null, `${cause.feature}: ${cause.detail}`]],
    [{ ...closeFrame(cause), details: { feature: 1, detail: "x".repeat(9_000) } }, [null, "x".repeat(500)]],
  ] as const) {
    const peer = await fixture.connect(alice);
    fixture.logged.length = 0;
    peer.send(frame);
    await peer.request<"members">({ type: "members" });
    const entry = fixture.logged.find(({ message }) => message === "a daemon reported an error");
    assert.deepEqual([entry?.fields["feature"], entry?.fields["detail"]], told);
  }
});
