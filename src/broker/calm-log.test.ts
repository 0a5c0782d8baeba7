import assert from "node:assert/strict";
import { test } from "node:test";
import { type Log, silentLog } from "../base/log.ts";
import { createManualClock } from "../base/manual-clock.fixture.ts";
import { calmLog } from "./calm-log.ts";

test("a store that is away is told once a minute by each who asks it, with how often it was; everything else is told as it comes", () => {
  const clock = createManualClock();
  const said: [string, unknown][] = [];
  const write = (fields: Record<string, unknown>, message: string): void => void said.push([message, fields["times"]]);
  const log: Log = calmLog({ ...silentLog, warn: write, error: write }, clock);
  const away = { code: "store_unavailable" };
  for (let n = 0; n < 100; n += 1) log.warn(away, "reading failed");
  log.error(away, "accepting failed");
  for (let n = 0; n < 2; n += 1) log.warn({ code: "auth_failed" }, "opening failed");
  assert.deepEqual(said.splice(0), [
    ["reading failed", undefined],
    ["accepting failed", undefined],
    ["opening failed", undefined],
    ["opening failed", undefined],
  ]);
  clock.advance(59_999);
  log.warn(away, "reading failed");
  clock.advance(1);
  log.warn(away, "reading failed");
  assert.deepEqual(said, [["reading failed", 101]]);
});
