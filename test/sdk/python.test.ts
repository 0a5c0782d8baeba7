import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { host, ok } from "../support/claudemesh.ts";
import { python, pythonSdk, withoutPython } from "../support/python-tools.ts";
import { run } from "../support/run.ts";
import { assertShownStandsIn, shownOutput } from "../support/shown-code.ts";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const needs = { skip: withoutPython };
const examples = new Map(
  readdirSync(join(pythonSdk, "examples")).map((name) => [
    name,
    readFileSync(join(pythonSdk, "examples", name), "utf8"),
  ]),
);

test("the Python SDK's own tests pass, against a live daemon among others", needs, async () => {
  ok(await python(["-m", "pytest", "--quiet"]));
});

test("the Python SDK is formatted, linted and strictly typed", needs, async (t) => {
  const adapters = join(root, "conformance", "adapters", "python");
  const folders = [".", adapters];
  const config = ["--config", "pyproject.toml", "--no-cache"];
  ok(await python(["-m", "ruff", "format", "--check", ...config, ...folders]));
  ok(await python(["-m", "ruff", "check", ...config, ...folders]));
  ok(await python(["-m", "mypy", "--cache-dir", join(tempFolder(t), "mypy"), "src", "tests", "examples"]));
});

test("its wheel holds the package, its types and its licence, and nothing else", needs, async (t) => {
  const wheel = await build(t);
  const sources = readdirSync(join(pythonSdk, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(py|typed)$/.test(name),
  );
  const listed = ok(await python(["-m", "zipfile", "--list", wheel]))
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s/, 1)[0] ?? "")
    .filter((name) => name !== "");
  const about = `claudemesh-${version()}.dist-info`;
  const described = ["METADATA", "RECORD", "WHEEL", "licenses/LICENSE"].map((name) => `${about}/${name}`);
  assert.deepEqual(listed.sort(), [...sources, ...described].sort());
  assert.ok(sources.includes("claudemesh/py.typed"));
  const metadata = ok(await python(["-c", read, wheel, `${about}/METADATA`]));
  for (const line of [`Version: ${version()}`, "Requires-Python: >=3.10", "License-Expression: MIT"])
    assert.ok(metadata.includes(`\n${line}\n`), metadata);
  assert.doesNotMatch(metadata, /^Requires-Dist/m);
  assert.equal(readFileSync(join(pythonSdk, "LICENSE"), "utf8"), readFileSync(join(root, "LICENSE"), "utf8"));
});

test(
  "where nothing but the wheel is installed, the examples do what is shown of them, and are strictly typed",
  needs,
  async (t) => {
    const folder = tempFolder(t);
    ok(await python(["-m", "venv", "--without-pip", join(folder, "fresh")]));
    const fresh = join(folder, "fresh", "bin", "python");
    const offline = ["--no-index", "--no-deps", "--quiet", "--disable-pip-version-check", "--no-compile"];
    ok(await python(["-m", "pip", "--python", fresh, "install", ...offline, await build(t)]));
    const outputs = {
      "first_message.py": shownOutput("sdk/python/README.md"),
      "tour.py": tourOutput,
      "asyncio_worker.py": workerOutput,
    };
    assert.deepEqual([...examples.keys()].sort(), Object.keys(outputs).sort());
    for (const [name, output] of Object.entries(outputs)) assert.equal(await example(t, fresh, name), output, name);
    const paths = [...examples.keys()].map((name) => join(pythonSdk, "examples", name));
    const strictly = ["-m", "mypy", "--strict", "--config-file", "", "--cache-dir", join(folder, "mypy")];
    ok(await python([...strictly, "--python-executable", fresh, ...paths], folder));
  },
);

test("what the README and the page on the SDKs show of it stands in its examples, word by word", () => {
  assertShownStandsIn(["sdk/python/README.md", "docs/sdk.md"], "python", [...examples.values()]);
});

const read = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())";

const tourOutput = `['queued', 'accepted', 'delivered']
True True
accepted
alice the build is green
alice b'\\x01\\x02\\xff'
found the build is green
#builds build 42 is red
mentioned: was it you?
message hello
working on make test
1 done
unknown_destination False True
{"a":"é","b":1}
32
`;

const workerOutput = `reviewing first
reviewing second
2 reviewed
message hello
1 ['hello']
`;

/** The wheel, built of the source distribution as others build it, without any network. */
async function build(t: TestContext): Promise<string> {
  const folder = tempFolder(t);
  const make = (target: string) => ["-m", "hatchling", "build", "--target", target, "--directory", folder];
  ok(await python(make("sdist")));
  const sources = join(folder, `claudemesh-${version()}`);
  ok(await python(["-m", "tarfile", "--extract", `${sources}.tar.gz`, folder]));
  ok(await python(make("wheel"), sources));
  return join(folder, `claudemesh-${version()}-py3-none-any.whl`);
}

/** What it prints on a host of its own, run as a program of somebody who has installed the package. */
async function example(t: TestContext, interpreter: string, name: string): Promise<string> {
  const alice = host(t, "alice");
  ok(await alice.up());
  const env = { PATH: "", CLAUDEMESH_HOME: alice.home, PYTHONUTF8: "1" };
  const { code, stdout, stderr } = await run(interpreter, ["-B", join(pythonSdk, "examples", name)], { env });
  assert.deepEqual([code, stderr], [0, ""], `${name}: ${stderr}${stdout}`);
  ok(await alice.run(["down"]));
  return stdout;
}

function version(): string {
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string }).version;
}
