import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { type Adapter, startAdapter } from "../../conformance/adapter.ts";
import { failures, linkChecks, vectorChecks } from "../../conformance/check-vectors.ts";
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

test("typescript: every vector of close reasons and of feature negotiation has its answer", async (t) => {
  const ofLink = linkChecks();
  assert.ok(ofLink.length > 300);
  assert.deepEqual(await failures(started(t, adapterCommand("typescript")), ofLink), []);
});

for (const { name, missing } of languages) {
  const skip = missing ?? false;

  test(`${name}: every vector has its answer, asked as text and as bytes`, { skip }, async (t) => {
    assert.ok(checks.length > 1_500);
    assert.deepEqual(await failures(started(t, adapterCommand(name)), checks), []);
  });

  test(`${name}: from elsewhere and without HOME one adapter answers, then two that start at once, and all end with their input`, {
    skip,
  }, async (t) => {
    const answering = async (): Promise<number | null> => {
      const adapter = startAdapter(adapterCommand(name), { env: { PATH: process.env["PATH"] }, cwd: tmpdir() });
      onEnd(t, () => adapter.kill());
      assert.deepEqual(await adapter.ask([{ op: "canonicalize", text: "[1.0]" }]), [{ ok: true, canonical: "[1]" }]);
      return adapter.end();
    };
    // The first may have to compile what the others find.
    assert.equal(await answering(), 0);
    assert.deepEqual(await Promise.all([answering(), answering()]), [0, 0]);
  });

  test(`${name}: an id comes back as it was, what is no request is answered too, and the next line is read`, {
    skip,
  }, async () => {
    const lines = [
      '{"id":"a\\u00e9 1","op":"canonicalize","text":"1"}',
      '{"id":0.5,"op":"canonicalize","text":"1"}',
      '{"id":null,"op":"canonicalize","text":"1"}',
      "{",
      "]",
      '{"id":3,"op":"other"}',
      '{"id":4,"op":"canonicalize","text":"[","base64url":null}',
      '{"op":"canonicalize","text":"2","id":5}',
    ];
    const said = await answers(name, lines.map((line) => `${line}\n`).join(""));
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

  test(`${name}: an id that is a number is not read, and lines of white space are none`, { skip }, async () => {
    const tokens = [
      "12345678901234567890",
      "-9007199254740993",
      "1e400",
      "0.1000000000000000055511151231257827",
      `1${"0".repeat(5_000)}`,
    ];
    const lines = tokens.map(
      (id) => `{"x":{"id":0.5},"id":${id},"op":"canonicalize","text":"1","y":[{"id":1.5}]}\r\n\r\n \t\n`,
    );
    const { stdout } = await spoken(name, lines.join(""));
    assert.deepEqual(
      stdout.split("\n").slice(0, -1),
      tokens.map((id) => `{"id":${id},"ok":true,"canonical":"1"}`),
    );
  });

  test(`${name}: a version is a number in any spelling, and what is wrong with an envelope is told in one order`, {
    skip,
  }, async () => {
    const whole = { mesh_id: "m", kind: "dm", ref: "r" };
    const said = await answers(
      name,
      [
        `{"op":"fingerprint","version":1.0,"envelope":${JSON.stringify(whole)}}`,
        `{"op":"fingerprint","version":"1","envelope":${JSON.stringify(whole)}}`,
        ...[
          { kind: 5, meta_text: "{" },
          { ...whole, kind: "no", meta_text: "{" },
          { ...whole, priority: "no", body: "=", meta_text: "{" },
          { ...whole, body: "=", meta_text: "{" },
          { ...whole, ref: "\n", meta_text: "{" },
        ].map((envelope) => JSON.stringify({ op: "fingerprint", version: 2, envelope })),
      ].join("\n"),
    );
    assert.deepEqual(
      said.map((answer) => (answer as { readonly code?: string }).code ?? "ok"),
      ["ok", "invalid_field", "missing_field", "invalid_field", "invalid_field", "invalid_field", "malformed_json"],
    );
  });

  test(`${name}: bytes in a line that are no UTF-8 are told as that, with its id`, { skip }, async () => {
    const line = (id: number, middle: string): Buffer =>
      Buffer.concat([
        Buffer.from(`{"id":${id},"op":"canonicalize","text":"\\"`),
        Buffer.from(middle, "hex"),
        Buffer.from('\\""}\n'),
      ]);
    const inId = Buffer.from('{"id":"\xff","op":"canonicalize","text":"1"}\n', "latin1");
    assert.deepEqual(await answers(name, inId), [{ id: "\ufffd", ok: false, code: "invalid_utf8" }]);
    const middles = ["ff", "c3", "eda080", "c080", "f4908080", "c3a9"];
    const said = await answers(name, Buffer.concat(middles.map((middle, id) => line(id, middle))));
    const refused = middles.slice(0, -1).map((_, id) => ({ id, ok: false, code: "invalid_utf8" }));
    assert.deepEqual(said, [...refused, { id: middles.length - 1, ok: true, canonical: '"é"' }]);
  });
}

function started(t: TestContext, command: readonly string[]): Adapter {
  const adapter = startAdapter(command);
  onEnd(t, () => adapter.kill());
  return adapter;
}

async function spoken(name: LanguageName, input: Uint8Array | string): Promise<{ readonly stdout: string }> {
  const [program = "", ...args] = adapterCommand(name);
  const { code, stdout, stderr } = await run(program, args, { input });
  assert.equal(code, 0, stderr);
  return { stdout };
}

async function answers(name: LanguageName, input: Uint8Array | string): Promise<unknown[]> {
  const { stdout } = await spoken(name, input);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown]));
}
