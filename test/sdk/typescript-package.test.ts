import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { host, ok } from "../support/claudemesh.ts";
import { npm, pack, type Packed } from "../support/npm.ts";
import { run } from "../support/run.ts";
import { hostNode } from "../support/sandbox.ts";
import { assertShownStandsIn, shownOutput } from "../support/shown-code.ts";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sdk = join(root, "sdk", "typescript");
const description = readJson(join(sdk, "package.json")) as {
  readonly version: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly dependencies?: unknown;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
};
/** Several times what it is: more means that something came along which should not. */
const packedBytesMax = 120_000;

/** One folder with the package installed, as a program has it; the tests write their own files beside it. */
let packed: Packed;
let folder: string;
before(async (t) => {
  folder = tempFolder(t as TestContext);
  packed = await pack(folder, sdk);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await npm(["install", "--offline", "--no-audit", "--no-fund", packed.tarball], folder);
});

test("the package holds what programs import, all that it reaches, and nothing else", () => {
  const installed = join(folder, "node_modules", "@claudemesh", "sdk");
  const compiled = readdirSync(join(installed, "dist"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(js|ts)$/.test(name))
    .map((name) => join("dist", name));
  const others = ["LICENSE", "README.md", "package.json", "example/first-message.mjs", "example/tour.mjs"];
  assert.deepEqual(packed.files.toSorted(), [...others, ...compiled].sort());
  for (const name of ["dist/client/sdk.js", "dist/client/sdk.d.ts", "dist/protocol/error.js"])
    assert.ok(compiled.includes(name), name);
  for (const name of ["signing.js", "frames.js", "membership/entry.js", "config-file.d.ts"])
    assert.ok(!compiled.includes(`dist/protocol/${name}`), name);
  assert.ok(packed.bytes < packedBytesMax, `${packed.bytes} bytes`);
  for (const name of compiled.filter((path) => path.endsWith(".js")))
    for (const [, target = ""] of readFileSync(join(installed, name), "utf8").matchAll(
      /^(?:import|export) .*from "([^"]+)"/gm,
    ))
      assert.match(target, /^(node:|\.{1,2}\/.*\.js$)/, name);
});

test("its description is ready to be published: version and licence of the project, no dependencies, every entry there", () => {
  const project = readJson(join(root, "package.json")) as typeof description;
  assert.deepEqual([description.version, description.license], [project.version, project.license]);
  assert.equal(readFileSync(join(sdk, "LICENSE"), "utf8"), readFileSync(join(root, "LICENSE"), "utf8"));
  assert.equal(description.dependencies, undefined);
  const installed = join(folder, "node_modules", "@claudemesh", "sdk");
  for (const entry of Object.values(description.exports))
    for (const path of typeof entry === "string" ? [entry] : Object.values(entry))
      assert.ok(existsSync(join(installed, path)), path);
  assert.deepEqual(
    readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")),
    ["@claudemesh"],
  );
});

test("its examples do what its README shows, on the oldest Node that this machine has and on the project's own", async (t) => {
  const shown = shownOutput("sdk/typescript/README.md");
  for (const node of new Set([process.execPath, hostNode()])) {
    assert.equal(await example(t, node, "first-message.mjs"), shown);
    assert.equal(await example(t, node, "tour.mjs"), tourOutput);
  }
});

/** What it prints on a host of its own, run as a program of somebody who has installed the package. */
async function example(t: TestContext, node: string, name: string): Promise<string> {
  const alice = host(t, "alice");
  ok(await alice.up());
  const path = join(folder, name);
  writeFileSync(path, readFileSync(join(sdk, "example", name)));
  const { code, stdout, stderr } = await run(node, [path], { env: { PATH: "", CLAUDEMESH_HOME: alice.home } });
  assert.deepEqual([code, stderr], [0, ""], `${node} ${name}: ${stderr}${stdout}`);
  ok(await alice.run(["down"]));
  return stdout;
}

const tourOutput = `[ 'queued', 'accepted', 'delivered' ]
true true
accepted
alice the build is green
alice Uint8Array(3) [ 1, 2, 255 ]
found the build is green
#builds build 42 is red
mentioned: was it you?
message hello
working on make test
1 done
unknown_destination false true
{"a":"é","b":1}
64
`;

const consumer = `
import {
  bodyBytes, type Client, ClaudemeshError, type ClaimedMessage, canonicalMeta, connect, type ErrorCode, type InboxItem,
  type Meta, type OutgoingMessage, type Page, type SendResult, type SentMessage, wireFingerprint,
} from "@claudemesh/sdk";

export async function use(signal: AbortSignal): Promise<void> {
  const mesh: Client = connect({ mesh: "work" });
  const message: OutgoingMessage = { to: "@bob", body: new Uint8Array(), meta: { n: 1 }, mentions: ["@bob"] };
  const sent: SendResult = await mesh.send(message, { timeoutMs: 5, signal });
  const waited: SentMessage = await mesh.send(message, { wait: "read" });
  const page: Page<InboxItem> = await mesh.inbox.list({ unread: true });
  for await (const item of mesh.inbox.list()) bodyBytes(item satisfies InboxItem);
  for await (const { id, event } of mesh.events({ after: 7, signal })) console.log(id, event);
  const claimed: readonly ClaimedMessage[] = await mesh.queues.claim("jobs", { lease_s: 5 });
  const worked: number = await mesh.queues.work("jobs", async (job, lost) => { job.message satisfies string | null; lost.throwIfAborted(); }, { signal });
  const meta: Meta = null;
  const text: string = canonicalMeta(meta) + wireFingerprint(2, { mesh_id: "m", kind: "topic", ref: "r" });
  try { mesh.close(); } catch (error) {
    if (error instanceof ClaudemeshError) { const code: ErrorCode = error.code; console.log(code, error.hint, error.details["x"]); }
  }
  console.log(sent.duplicate, waited.message.status, page.next_cursor, claimed, worked, text);
  // @ts-expect-error: a stage that is none
  await mesh.send(message, { wait: "eaten" });
  // @ts-expect-error: a destination is needed
  await mesh.send({ message: "" });
}
`;

test("a strict program that imports it is checked by its types alone, in each way of resolving modules, and so are the examples", async (t) => {
  const program = join(folder, "program");
  mkdirSync(program, { recursive: true });
  writeFileSync(join(program, "consumer.ts"), consumer);
  for (const name of readdirSync(join(sdk, "example")))
    writeFileSync(join(program, name), readFileSync(join(sdk, "example", name)));
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])
    await t.test(`${module}, ${moduleResolution}`, async () => {
      const compilerOptions = {
        ...{ target: "es2023", lib: ["es2023"], types: ["node"], typeRoots: [join(root, "node_modules", "@types")] },
        ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
        ...{ allowJs: true, checkJs: true, noEmit: true, module, moduleResolution },
      };
      writeFileSync(join(program, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*"] }));
      const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
      const { code, stdout, stderr } = await run(process.execPath, [tsc, "-p", program]);
      assert.equal(code, 0, stdout + stderr);
    });
});

test("what the README and the page on the SDKs show of it stands in its examples, word by word", () => {
  const examples = readdirSync(join(sdk, "example")).map((name) => readFileSync(join(sdk, "example", name), "utf8"));
  assertShownStandsIn(["sdk/typescript/README.md", "docs/sdk.md"], "js", examples);
});

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
