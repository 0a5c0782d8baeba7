import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inboxAt } from "./inbox.fixture.ts";

test("killed at any moment, the inbox has what it reported, once, with its event and its receipt", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-inbox-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "inbox.db");
  const program = fileURLToPath(new URL("./storing-process.fixture.ts", import.meta.url));
  const reported = new Set<number>();
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const killAfter = reported.size + 100 + Math.floor(Math.random() * 100);
    for await (const line of createInterface({ input: child.stdout })) {
      reported.add(Number(line));
      if (reported.size === killAfter) child.kill("SIGKILL");
    }
    await ended;
    const inbox = inboxAt(path);
    await inbox.start();
    const seqs: number[] = [];
    for (let cursor: string | null = null; ; ) {
      const page = inbox.list({
        since: null,
        topic: null,
        from: null,
        agent: null,
        unread: false,
        newest: false,
        cursor,
        limit: 1_000,
      });
      seqs.push(...page.items.map((item) => item.history_id));
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    assert.equal(new Set(seqs).size, seqs.length);
    for (const seq of reported) assert.ok(seqs.includes(seq), `${seq} is lost`);
    assert.equal(inbox.eventsAfter(0, 100_000).length, seqs.length);
    assert.equal(inbox.pendingReceipts(100_000).length, seqs.length);
    await inbox.stop();
  }
});
