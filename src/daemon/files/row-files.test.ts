import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Readiness } from "../parts.ts";
import { createRowFiles } from "./row-files.ts";

const reason = (found: Readiness): unknown[] => (found.ready ? [] : [found.reason.code, found.forGood]);

test("a row says that it waits for its files, what they wait for, and why they never come", async () => {
  const way = Promise.withResolvers<void>();
  let troubled: (error: ClaudemeshError) => void = () => assert.fail("nothing was started");
  let looks = 0;
  let isThere = false;
  const rows = createRowFiles({
    files: {
      ready: () => isThere,
      ensureUploaded: (_ids, _signal, hear) => {
        troubled = hear ?? troubled;
        return way.promise;
      },
    },
    changed: () => {
      looks += 1;
    },
  });
  assert.deepEqual(reason(rows.readiness(["a"])), ["waits_for_files", false]);
  troubled(new ClaudemeshError("broker_unreachable", "nobody answers"));
  assert.deepEqual([looks, ...reason(rows.readiness(["a"]))], [1, "broker_unreachable", false]);
  way.reject(new ClaudemeshError("feature_unavailable", "it keeps no files"));
  await assert.rejects(way.promise);
  assert.deepEqual([looks, ...reason(rows.readiness(["a"]))], [2, "feature_unavailable", true]);
  isThere = true;
  assert.deepEqual(rows.readiness(["a"]), { ready: true });
});
