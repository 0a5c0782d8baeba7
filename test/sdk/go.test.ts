import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { host, ok } from "../support/claudemesh.ts";
import { goTool, hasCompiler, plainBuild, withoutGo } from "../support/go.ts";
import { run } from "../support/run.ts";
import { assertShownStandsIn, shownOutput } from "../support/shown-code.ts";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sdk = join(root, "sdk", "go");
const path = "github.com/claudemesh/claudemesh/sdk/go";
const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;

describe("the Go SDK", { skip: withoutGo }, () => {
  test("is formatted, and nothing that the compiler's own checks find is wrong with it", async () => {
    assert.equal(ok(await goTool("gofmt", ["-l", "."], sdk)), "");
    ok(await goTool("go", ["vet", "./..."], sdk, plainBuild));
  });

  test("passes its own tests, those against a live daemon too, without a race", async (t) => {
    if (!hasCompiler)
      t.diagnostic("there is no C compiler here, which the race detector needs: races are not looked for");
    const race = hasCompiler ? ["-race"] : [];
    const ran = await goTool("go", ["test", "-v", "-count=1", ...race, "./..."], sdk);
    assert.equal(ran.code, 0, failuresIn(ran.stdout) + ran.stderr);
    const skipped = ran.stdout.split("\n").filter((line) => line.trimStart().startsWith("--- SKIP"));
    assert.deepEqual(skipped, []);
  });

  test("is a module of its own without dependencies, of the project's version and licence", async () => {
    assert.equal(ok(await goTool("go", ["list", "-m", "all"], sdk)), `${path}\n`);
    assert.match(readFileSync(join(sdk, "types.go"), "utf8"), new RegExp(`const SDKVersion = "${version}"`));
    assert.equal(readFileSync(join(sdk, "LICENSE"), "utf8"), readFileSync(join(root, "LICENSE"), "utf8"));
    const outside = ok(
      await goTool("go", ["list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "."], sdk),
    );
    for (const name of outside.trim().split("\n")) assert.ok(name.startsWith(path), name);
  });

  test("is fetched and built by a program of somebody else, and its examples do what its README shows", async (t) => {
    const folder = tempFolder(t);
    const fetched = await publish(folder);
    const program = join(folder, "program");
    mkdirSync(program);
    const work = (...args: readonly string[]) => goTool("go", args, program, fetched);
    ok(await work("mod", "init", "example.org/program"));
    ok(await work("get", `${path}@v${version}`));
    const source = ok(await work("list", "-m", "-f", "{{.Dir}}", path)).trim();
    const files = filesIn(source);
    for (const name of ["go.mod", "LICENSE", "README.md", "client.go", "internal/strictjson/parse.go"])
      assert.ok(files.includes(name), name);
    assert.deepEqual(
      files.filter((name) => !/\.(go|mod|md)$|^LICENSE$/.test(name)),
      [],
    );
    for (const [name, output] of [
      ["firstmessage", shownOutput("sdk/go/README.md")],
      ["tour", tourOutput],
    ] as const) {
      // The example stands in the other program word by word: what it imports is the module that was fetched.
      mkdirSync(join(program, name));
      cpSync(join(sdk, "examples", name, "main.go"), join(program, name, "main.go"));
      ok(await work("build", "-o", `${name}.run`, `./${name}`));
      const alice = host(t, "alice");
      ok(await alice.up());
      const ran = await run(join(program, `${name}.run`), [], { env: { PATH: "", CLAUDEMESH_HOME: alice.home } });
      assert.deepEqual([ran.code, ran.stderr, ran.stdout], [0, "", output], name);
      ok(await alice.run(["down"]));
    }
  });
});

test("what the README and the page on the SDKs show of the Go SDK stands in its examples, word by word", () => {
  const examples = readdirSync(join(sdk, "examples")).map((name) =>
    readFileSync(join(sdk, "examples", name, "main.go"), "utf8"),
  );
  assertShownStandsIn(["sdk/go/README.md", "docs/sdk.md"], "go", examples);
});

/** The module as its repository would have it at this version. Answers the environment in which it is fetched from there. */
async function publish(folder: string): Promise<Readonly<Record<string, string>>> {
  const repository = join(folder, "repository");
  cpSync(sdk, join(repository, "sdk", "go"), { recursive: true });
  const git = async (...args: readonly string[]) => {
    const own = [
      "-c",
      "user.name=claudemesh",
      "-c",
      "user.email=tests@claudemesh.dev",
      "-c",
      "init.defaultBranch=main",
    ];
    ok(await run("git", [...own, ...args], { cwd: repository }));
  };
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "The SDK");
  await git("tag", `sdk/go/v${version}`);
  const path = join(folder, "modules");
  return {
    ...plainBuild,
    GOFLAGS: "-trimpath -modcacherw",
    GOPATH: path,
    GOMODCACHE: join(path, "cache"),
    GOPROXY: "direct",
    GOSUMDB: "off",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.file://${repository}.insteadOf`,
    GIT_CONFIG_VALUE_0: "https://github.com/claudemesh/claudemesh",
    GIT_TERMINAL_PROMPT: "0",
  };
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** The part of a verbose report that tells what failed. */
function failuresIn(report: string): string {
  const passing = /^\s*(=== (RUN|PAUSE|CONT|NAME)|--- PASS|PASS$|ok |\?)/;
  return report
    .split("\n")
    .filter((line) => !passing.test(line))
    .join("\n");
}

const tourOutput = `queued
accepted
delivered
true true
accepted
alice the build is green [116 104 101 32 98 117 105 108 100 32 105 115 32 103 114 101 101 110]
alice  [1 2 255]
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
