import assert from "node:assert/strict";
import { test } from "node:test";
import type { VersionView } from "../protocol/version-api.ts";
import { daemonLines } from "./version.ts";

test("what was negotiated is told a feature a line, with what is required, left out, and asked for at least", () => {
  const lines = daemonLines({
    daemon: "1.2.3",
    ipc_api: "v1",
    schema_version: 1,
    durability: "disk",
    ipc_features: ["send"],
    inline_bytes: 5,
    file_bytes: 5,
    broker_features: {
      client_message_id_dedupe: {
        version: 2,
        mode: "retention_scoped",
        dedupe_retention_days: 365,
        fingerprint_versions: ["sha256-jcs-v2", "sha256-jcs-v1"],
      },
      key_epoch: { version: 1, max_concurrent_epochs: 16, "new\none": { a: "\u001b[31mred" } },
    },
    required_features: ["client_message_id_dedupe"],
    ignored_features: ["max_payload", "concurrent_connection_policy.default_policy"],
    feature_floors: { client_message_id_dedupe: { dedupe_retention_days: 3 } },
  });
  assert.deepEqual(lines.slice(3), [
    "feature    client_message_id_dedupe 2 (required) mode=retention_scoped dedupe_retention_days=365 fingerprint_versions=sha256-jcs-v2,sha256-jcs-v1",
    'feature    key_epoch 1 max_concurrent_epochs=16 new one={"a":"\\u001b[31mred"}',
    "ignored    max_payload: the broker answers it invalidly",
    "ignored    concurrent_connection_policy.default_policy: the broker answers it invalidly",
    "floor      client_message_id_dedupe.dedupe_retention_days 3: the daemon ends the link below it",
  ]);
});

test("what a daemon of an earlier version does not tell is left out", () => {
  const earlier = { daemon: "0.1.0", ipc_api: "v1", schema_version: 1, ipc_features: ["send"], broker_features: null };
  const lines = daemonLines(earlier as unknown as VersionView);
  assert.doesNotMatch(lines.join("\n"), /undefined/);
  assert.ok(
    daemonLines({ ...earlier, inline_bytes: 5 } as unknown as VersionView).includes("message    at most 5 bytes"),
  );
});
