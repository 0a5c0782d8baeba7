import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { main } from "../../src/cli/main.ts";
import { defaultBrokerLimits } from "../../src/broker/broker-limits.ts";
import { mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

test("what is larger than this mesh takes is refused with its own limit, before anything is sent", async (t) => {
  const { daemons } = await mesh(t, ["alice"], {
    broker: { limits: { ...defaultBrokerLimits, inlineBytes: 2_000 } },
  });
  const home = tempFolder(t);
  mkdirSync(join(home, "daemon"));
  symlinkSync(daemons.alice.dir, join(home, "daemon/local"));
  const run = async (words: readonly string[], input = "") => {
    let [stdout, stderr] = ["", ""];
    const code = await main(words, {
      env: { CLAUDEMESH_HOME: home },
      stdin: () => Readable.from([Buffer.from(input)]),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      launcher: () => assert.fail("nothing is to be started"),
      signal: new AbortController().signal,
    });
    return { code, stdout, stderr };
  };
  const large = "x".repeat(1_948);
  for (const { code, stdout, stderr } of [await run(["send", "@alice", large]), await run(["send", "@alice"], large)]) {
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /one message of this mesh takes at most 1947\. Nothing was sent \(body_too_large\)\nhint: .*--lines/,
    );
  }
  const lines = await run(["send", "@alice", "--lines"], `${large}\nshort\n`);
  assert.equal(lines.code, 1);
  assert.match(
    lines.stderr,
    /error: line 1 was not sent: .* at most 1947 .*\nhint: .*\nsent 1 line to @alice, 1 refused\n$/,
  );
  assert.equal((await run(["send", "@alice"], large.slice(1))).code, 0);
  assert.match((await run(["version"])).stdout, /\nmessage +at most 1947 bytes\n/);
  const { outbox } = await daemons.alice.client.health();
  assert.equal(
    Object.values(outbox).reduce((sum, count) => sum + count),
    2,
  );
});
