import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type Answer, httpCall } from "../../../src/http/http-call.fixture.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { onEnd } from "../on-end.ts";
import { eventsOf } from "./event-lines.ts";
import { type Ground, walkCrowd } from "./forms.ts";
import type { Reached } from "./local-pair.ts";
import { heldRequest, type Line, pipelined } from "./pipelined.ts";
import type { Walk } from "./walk.ts";

const health: Line = { method: "GET", path: "/v1/health" };

/** What a daemon refuses because it has too much to do. */
export async function walkLoad(t: TestContext, walk: Walk, ground: Ground, daemon: Reached): Promise<void> {
  await walkCrowd(walk, ground, { places: limits.localInFlightMax, filler: health, code: "daemon_busy" });
  for (let open = 0; open < limits.localStreamsMax; open += 1) {
    const stream = await eventsOf(walk, daemon.unix, {});
    onEnd(t, () => stream.close());
  }
  await walk.ask(daemon.unix, "events", "too_many_streams");
  await walkRate(walk, ground, daemon);
}

/** As many requests with one token as it takes until one of them is refused; then the operation is the next one. */
async function walkRate(walk: Walk, ground: Ground, { tcp }: Reached): Promise<void> {
  const nothing: Line = { method: "GET", path: "/nothing" };
  const spend = Array<Line>(50).fill(nothing);
  for (const id of walk.api.operations.keys()) {
    // Were it not refused yet, it would be for its query, and do nothing.
    const line = walk.line(id, { params: ground.samples[id]?.params ?? {}, query: "nothing=1" });
    let last: Answer | undefined;
    while (last?.status !== 429) last = (await pipelined(tcp, [...spend, line])).at(-1);
    walk.saw(id, "rate_limited", last);
    assert.ok(Number(last.json["retry_after_ms"]) > 0);
  }
}

/**
 * A daemon that was told to stop refuses what comes meanwhile. Connections that have not said all of a request are not
 * idle, so they are kept; a send whose body has not come yet holds the stop up.
 */
export async function walkStopping(walk: Walk, ground: Ground, daemon: Reached): Promise<void> {
  const body = JSON.stringify({ to: "@alice", message: "last words" });
  const slow = await heldRequest(daemon.unix, { method: "POST", path: "/v1/send" }, body);
  const held = new Map<string, Awaited<ReturnType<typeof heldRequest>>>();
  for (const id of walk.api.operations.keys())
    held.set(id, await heldRequest(daemon.unix, walk.line(id, { params: ground.samples[id]?.params ?? {} })));
  await walk.ask(daemon.unix, "shutdown", 202);
  for (let stopping = false; !stopping; )
    stopping = await httpCall(daemon.unix, "GET", "/v1/health").then(
      ({ status }) => status === 503,
      () => true,
    );
  for (const [id, request] of held) walk.saw(id, "stopping", await request.finish());
  assert.equal((await slow.finish()).status, 202, "what was under way is answered");
}
