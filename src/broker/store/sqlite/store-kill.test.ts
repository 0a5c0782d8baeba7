import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { storeAt } from "./open-store.fixture.ts";

const program = fileURLToPath(new URL("./accepting-process.fixture.ts", import.meta.url));

test("a store killed while it accepts has every id that it reported, each once, and numbers without a hole", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "broker.db");
  const reported = new Map<string, number>();
  let meshId = "";
  for (let round = 1; round <= 3; round += 1) {
    const child = spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // The kill hits whatever the process is at after so many reports: mostly the middle of a transaction.
    const killAfter = reported.size + 300 + Math.floor(Math.random() * 300);
    for await (const line of createInterface({ input: child.stdout })) {
      const [mesh = "", id = "", seq = ""] = line.split(" ");
      meshId = mesh;
      assert.equal(reported.has(id), false);
      reported.set(id, Number(seq));
      if (reported.size === killAfter) child.kill("SIGKILL");
    }
    await ended;
    const store = storeAt(path);
    await store.start();
    const found = await store.lookUp(meshId, [...reported.keys()]);
    for (const [id, seq] of reported) {
      const record = found.get(id);
      assert.ok(record?.kind === "record", `${id} is lost`);
      assert.equal(record.seq, seq);
    }
    assert.deepEqual((await store.checkConsistency(meshId, 0, 1_000_000)).findings, []);
    assert.ok((await store.log(meshId)).head >= reported.size);
    await store.stop();
  }
});
