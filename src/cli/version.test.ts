import assert from "node:assert/strict";
import { test } from "node:test";
import type { VersionView } from "../protocol/local-api.ts";
import { daemonLines } from "./version.ts";

test("what a daemon of an earlier version does not tell is left out", () => {
  const earlier = { daemon: "0.1.0", ipc_api: "v1", schema_version: 1, ipc_features: ["send"], broker_features: null };
  const lines = daemonLines(earlier as unknown as VersionView);
  assert.doesNotMatch(lines.join("\n"), /undefined/);
  assert.ok(
    daemonLines({ ...earlier, inline_bytes: 5 } as unknown as VersionView).includes("message    at most 5 bytes"),
  );
});
