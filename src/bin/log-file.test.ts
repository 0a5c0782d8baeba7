import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openLogFile } from "./log-file.ts";

describe("a log file", () => {
  it("holds JSON lines, private to this user, without secrets", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cm-log-"));
    const path = join(dir, "daemon.log");
    const file = openLogFile(path, { name: "daemon", level: "info" });
    file.log.debug({}, "not this one");
    file.log.info({ token: "s3cret", nested: { authorization: "Bearer s3cret" }, kept: 1 }, "hello");
    file.log.error({ err: new Error("outer", { cause: new Error("inner") }) }, "failed");
    await file.close();
    file.writeNow({ reason: "test" }, "last words");
    const text = readFileSync(path, "utf8");
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.map((line) => line["msg"]),
      ["hello", "failed", "last words"],
    );
    assert.equal(lines[0]?.["kept"], 1);
    assert.match(text, /inner/);
    assert.doesNotMatch(text, /s3cret/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    rmSync(dir, { recursive: true });
  });

  it("is appended to by the next start", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cm-log-"));
    const path = join(dir, "broker.log");
    for (const message of ["first", "second"]) {
      const file = openLogFile(path, { name: "broker", level: "info" });
      file.log.info({}, message);
      await file.close();
    }
    assert.equal(readFileSync(path, "utf8").trim().split("\n").length, 2);
    rmSync(dir, { recursive: true });
  });
});
