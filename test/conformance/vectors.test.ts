import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { type Adapter, startAdapter } from "../../conformance/adapter.ts";
import { failures, vectorChecks } from "../../conformance/check-vectors.ts";
import {
  adapterCommand,
  checkout,
  type LanguageName,
  languages,
  referenceCommand,
} from "../../conformance/languages.ts";
import { onEnd } from "../support/on-end.ts";
import { run } from "../support/run.ts";

const checks = vectorChecks();

test("the vectors that are checked in are those that the second implementation writes", async () => {
  const ran = await run("python3", ["conformance/generate.py", "--check"], { cwd: checkout });
  assert.deepEqual(ran, { code: 0, stdout: "", stderr: "" });
});

test("the second implementation answers every vector as an adapter does", async (t) => {
  assert.deepEqual(await failures(started(t, referenceCommand), checks), []);
});

for (const { name, missing } of languages) {
  const skip = missing ?? false;

  test(`${name}: every vector has its answer, asked as text and as bytes`, { skip }, async (t) => {
    assert.ok(checks.length > 1_500);
    assert.deepEqual(await failures(started(t, adapterCommand(name)), checks), []);
  });

  test(`${name}: two adapters that start at once, from elsewhere and without HOME, both answer and end with their input`, {
    skip,
  }, async (t) => {
    const adapters = [1, 2].map(() => started(t, adapterCommand(name), { PATH: process.env["PATH"] }, tmpdir()));
    const answers = await Promise.all(adapters.map((adapter) => adapter.ask([{ op: "canonicalize", text: "[1.0]" }])));
    assert.deepEqual(answers, Array(2).fill([{ ok: true, canonical: "[1]" }]));
    assert.deepEqual(await Promise.all(adapters.map((adapter) => adapter.end())), [0, 0]);
  });

  test(`${name}: an id comes back as it was, what is no request is answered too, and the next line is read`, {
    skip,
  }, async () => {
    const said = await answers(name, [
      '{"id":"a\\u00e9 1","op":"canonicalize","text":"1"}',
      '{"id":0.5,"op":"canonicalize","text":"1"}',
      '{"id":null,"op":"canonicalize","text":"1"}',
      "{",
      "]",
      '{"id":3,"op":"other"}',
      '{"id":4,"op":"canonicalize","text":"[","base64url":null}',
      '{"op":"canonicalize","text":"2","id":5}',
    ]);
    assert.deepEqual(said, [
      { id: "aé 1", ok: true, canonical: "1" },
      { id: 0.5, ok: true, canonical: "1" },
      { id: null, ok: true, canonical: "1" },
      { id: null, ok: false, code: "malformed_json" },
      { id: null, ok: false, code: "malformed_json" },
      { id: 3, ok: false, code: "usage" },
      { id: 4, ok: false, code: "malformed_json" },
      { id: 5, ok: true, canonical: "2" },
    ]);
  });
}

function started(t: TestContext, command: readonly string[], env?: NodeJS.ProcessEnv, cwd?: string): Adapter {
  const adapter = startAdapter(command, {
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  onEnd(t, () => adapter.kill());
  return adapter;
}

async function answers(name: LanguageName, lines: readonly string[]): Promise<unknown[]> {
  const [program = "", ...args] = adapterCommand(name);
  const { code, stdout, stderr } = await run(program, args, { input: lines.map((line) => `${line}\n`).join("") });
  assert.equal(code, 0, stderr);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown]));
}
