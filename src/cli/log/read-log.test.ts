import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { followLog } from "./follow-log.ts";
import { lineBytesMax } from "./line-reader.ts";
import { rotatedFiles } from "./log-files.ts";
import { type LogQuery, readLog } from "./read-log.ts";

function logFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "cm-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const entry = (level: number, msg: string): string =>
  `{"level":${level},"time":"2026-11-25T00:00:00.000Z","msg":"${msg}"}`;

async function shown(path: string, query: LogQuery): Promise<string[]> {
  const lines: string[] = [];
  const end = await readLog(path, query, (line) => lines.push(line));
  await end.file.close();
  return lines;
}

test("rotated files are ordered by day and number, and other files are not among them", (t) => {
  const folder = logFolder(t);
  for (const name of ["daemon-2026-11-24-10.log", "daemon-2026-11-24-9.log", "daemon-2026-11-25-1.log"])
    writeFileSync(join(folder, name), "");
  for (const name of ["daemon.log", "broker-2026-11-24-1.log", "daemon-old.log"]) writeFileSync(join(folder, name), "");
  assert.deepEqual(
    rotatedFiles(join(folder, "daemon.log")).map((path) => path.slice(folder.length + 1)),
    ["daemon-2026-11-24-9.log", "daemon-2026-11-24-10.log", "daemon-2026-11-25-1.log"],
  );
});

test("the last lines are found over rotated files, however they fall on the chunks that are read", async (t) => {
  const folder = logFolder(t);
  // Lines of growing length, so that ends of lines meet ends of chunks at every place.
  const all = Array.from({ length: 900 }, (_, n) => entry(n % 7 === 0 ? 50 : 30, `${n} ${"x".repeat(n % 500)}`));
  writeFileSync(join(folder, "daemon-2026-11-23-1.log"), `${all.slice(0, 300).join("\n")}\n`);
  // As a crash leaves it: without the last line feed.
  writeFileSync(join(folder, "daemon-2026-11-24-1.log"), all.slice(300, 550).join("\n"));
  writeFileSync(join(folder, "daemon.log"), `${all.slice(550).join("\n")}\n`);
  const path = join(folder, "daemon.log");
  for (const lines of [0, 1, 2, 349, 350, 351, 599, 600, 601, 899, 900, 5_000])
    assert.deepEqual(await shown(path, { lines, level: null }), lines === 0 ? [] : all.slice(-lines), `${lines} lines`);
  const errors = all.filter((line) => line.startsWith('{"level":50'));
  for (const lines of [1, 50, 51, 100, 128, 129, 500])
    assert.deepEqual(await shown(path, { lines, level: "error" }), errors.slice(-lines), `${lines} errors`);
});

test("a file that holds one line without an end, or nothing, is read", async (t) => {
  const path = join(logFolder(t), "daemon.log");
  writeFileSync(path, "");
  assert.deepEqual(await shown(path, { lines: 5, level: null }), []);
  writeFileSync(path, `\n\n${entry(30, "a")}\n\n`);
  assert.deepEqual(await shown(path, { lines: 5, level: null }), [entry(30, "a")]);
});

test("a line of many megabytes is left out and takes no memory", async (t) => {
  const path = join(logFolder(t), "daemon.log");
  writeFileSync(path, `${entry(30, "a")}\n${"y".repeat(lineBytesMax + 1)}\n${entry(30, "b")}\n`);
  const lines: string[] = [];
  const end = await readLog(path, { lines: 10, level: null }, (line) => lines.push(line));
  assert.deepEqual([lines, end.reader.leftOut], [[entry(30, "a"), entry(30, "b")], 1]);
  await end.file.close();
});

test("a log that is not there is not_running, with what to do", async (t) => {
  await assert.rejects(shown(join(logFolder(t), "daemon.log"), { lines: 1, level: null }), {
    code: "not_running",
    hint: /claudemesh up/,
  });
});

test("following goes on over rotations, several at once, and over a truncation", async (t) => {
  const folder = logFolder(t);
  const path = join(folder, "daemon.log");
  writeFileSync(path, `${entry(30, "old")}\n`);
  const stop = new AbortController();
  const lines: string[] = [];
  const notes: string[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | null = null;
  const settle = (): void => {
    if (waiting !== null && lines.length >= waiting.count) waiting.resolve();
  };
  const reached = (count: number): Promise<void> =>
    new Promise((resolve) => {
      waiting = { count, resolve };
      settle();
    });
  const show = (line: string): void => {
    lines.push((JSON.parse(line) as { msg: string }).msg);
    settle();
  };
  const end = await readLog(path, { lines: 0, level: "info" }, show);
  const following = followLog(path, end, {
    level: "info",
    signal: stop.signal,
    show,
    note: (text) => notes.push(text),
  });
  // Half a line is shown once its end is there.
  appendFileSync(path, entry(30, "first").slice(0, 20));
  appendFileSync(path, `${entry(30, "first").slice(20)}\n${entry(20, "unseen")}\n`);
  await reached(1);
  appendFileSync(path, `${entry(30, "second")}\n`);
  renameSync(path, join(folder, "daemon-2026-11-25-1.log"));
  writeFileSync(join(folder, "daemon-2026-11-25-2.log"), `${entry(30, "third")}\n`);
  writeFileSync(path, `${entry(40, "fourth")}\n`);
  await reached(4);
  truncateSync(path);
  appendFileSync(path, `${entry(30, "5")}\n`);
  await reached(5);
  stop.abort();
  await following;
  assert.deepEqual(lines, ["first", "second", "third", "fourth", "5"]);
  assert.equal(notes.length, 1);
});
