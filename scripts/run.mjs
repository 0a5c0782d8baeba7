// `npm start`, `npm test`, `npm run check` and the like: sets up if needed, then runs the job under the project's own Node.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { nodePath, root, setUp } from "./setup.mjs";

const jobs = {
  start: () => [["dist/bin/demo.js"]],
  test: () => [testCommand(testFiles(() => true))],
  check: () => [
    ["node_modules/@biomejs/biome/bin/biome", "check", "."],
    ["node_modules/typescript/bin/tsc", "-b"],
    testCommand(
      testFiles((file) => !/^test\/(conformance|sdk|system)\//.test(file) && !/\.(pg|s3)\.test\.ts$/.test(file)),
    ),
  ],
  bench: () => [["bench/run.ts"]],
  "bench:scale": () => [["bench/run-scale.ts"]],
  torture: () => [["torture/kill.ts"]],
  "torture:brokers": () => [["torture/brokers.ts"]],
  "torture:postgres": () => [["torture/postgres.ts"]],
  "conformance:agree": () => [["conformance/agree.ts"]],
  "conformance:planted": () => [["conformance/planted-bugs.ts"]],
  "conformance:planted-clients": () => [["conformance/planted-clients.ts"]],
  "conformance:scenarios": () => [["conformance/run-scenarios.ts"]],
  "demo:picture": () => [["demo/write-picture.ts"]],
  // Generators of what is checked in under docs and sdk; a test compares each with what is made now.
  docs: () => [
    ["src/bin/write-cli-reference.ts"],
    ["src/bin/write-configuration.ts"],
    ["src/bin/write-mcp-tools.ts"],
    ["src/bin/write-open-api.ts"],
    ["src/bin/write-sdk-types.ts"],
  ],
};

/** A test file is a process of its own, and many start more: what one has stripped of types and compiled the next ones read. */
const testEnvironment = { NODE_COMPILE_CACHE: join(root, "node_modules", ".compile-cache") };

const [name = "", ...rest] = process.argv.slice(2);
const job = jobs[name];
if (job === undefined) {
  process.stderr.write(`run.mjs: unknown job "${name}"; there are ${Object.keys(jobs).join(", ")}\n`);
  process.exit(2);
}
setUp();
for (const command of job()) {
  const code = await run([...command, ...rest]);
  if (code !== 0) process.exit(code);
}

function run(args) {
  const node = nodePath();
  const child = spawn(node, args, {
    cwd: root,
    stdio: "inherit",
    env: {
      ...(/^(--test$|conformance\/)/.test(args[0]) ? testEnvironment : {}),
      ...process.env,
      PATH: `${dirname(node)}:${process.env.PATH}`,
    },
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.on("close", (code, signal) => resolve(signal === null ? code : 1)));
}

function testCommand(files) {
  return [
    "--test",
    "--test-concurrency=2",
    "--test-timeout=300000",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./test/support/totals-reporter.ts",
    "--test-reporter-destination=stdout",
    ...files,
  ];
}

function testFiles(wanted) {
  const found = [];
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(".test.ts") && wanted(relative(root, path))) found.push(relative(root, path));
    }
  };
  for (const folder of ["src", "test"]) walk(join(root, folder));
  return found.sort();
}
