import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { errorCodes } from "../src/protocol/error-codes.ts";

/** Rules of the house. Each says why, and what to use instead. */
const root = fileURLToPath(new URL("..", import.meta.url));
const linesMax = 800;
const linesToExplain = 400;

const sources = files("src").concat(
  files("test"),
  files("bench"),
  files("torture"),
  files("conformance"),
  files("demo"),
);
const product = sources.filter((file) => file.path.startsWith("src/") && !isTest(file.path));

test("no file is longer than one can read: split it by the things in it", () => {
  const long = sources.filter(({ text }) => text.split("\n").length > linesToExplain);
  assert.deepEqual(
    long.filter(({ text }) => text.split("\n").length > linesMax).map(({ path }) => path),
    [],
  );
  assert.deepEqual(
    long.filter(({ path }) => path.startsWith("src/")).map(({ path }) => path),
    [],
  );
});

test("files are named after the one thing inside, in kebab-case; utils, types, lib and helpers say nothing", () => {
  for (const { path } of sources) {
    assert.match(basename(path), /^[a-z0-9]+(-[a-z0-9]+)*(\.(pg|s3|test|schema|fixture))*\.ts$/, path);
    assert.doesNotMatch(basename(path), /^(utils?|types|lib|helpers?)\.ts$/, path);
  }
});

/** base ← protocol ← {http, client}; http ← {broker, daemon}; client ← mcp ← cli; bin sees all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ["base"],
  client: ["base", "protocol"],
  http: ["base", "protocol"],
  broker: ["base", "protocol", "http"],
  daemon: ["base", "protocol", "http"],
  mcp: ["base", "protocol", "client"],
  cli: ["base", "protocol", "client", "mcp"],
  bin: ["base", "protocol", "http", "client", "mcp", "broker", "daemon", "cli"],
};

test("imports go one way between folders: move what both need down, to protocol or base", () => {
  for (const { path, text } of product) {
    const folder = path.split("/")[1] ?? "";
    for (const target of imports(text).filter((name) => name.startsWith("."))) {
      const to = relative(root, join(root, path, "..", target)).split("/")[1] ?? "";
      assert.ok(to === folder || mayImport[folder]?.includes(to), `${path} imports ${target}`);
    }
  }
});

const npmAllowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ["smol-toml"],
  http: [],
  client: [],
  mcp: ["@modelcontextprotocol/server", "zod"],
  cli: [],
  broker: ["ws", "prom-client", "selfsigned", "pg", "ioredis", "@aws-sdk/client-s3"],
  daemon: ["ws", "prom-client", "@noble/ciphers"],
  bin: ["pino", "rotating-file-stream"],
};

test("each folder imports only the packages it was given: the client has none, so that its start is fast", () => {
  for (const { path, text } of product) {
    const folder = path.split("/")[1] ?? "";
    for (const target of imports(text).filter((name) => !name.startsWith(".") && !name.startsWith("node:"))) {
      const name = target.startsWith("@") ? target.split("/").slice(0, 2).join("/") : (target.split("/")[0] ?? "");
      assert.ok(npmAllowed[folder]?.includes(name), `${path} imports ${target}`);
    }
  }
});

test("only the daemon's sealing imports a cipher: what seals or opens a body is in one folder, away from the broker", () => {
  for (const { path, text } of product) {
    const ciphers = imports(text).filter((name) => name.startsWith("@noble/ciphers"));
    if (!path.startsWith("src/daemon/sealing/")) assert.deepEqual(ciphers, [], path);
  }
});

test("no code of the daemon makes an envelope that is not sealed: seal by the keyring", () => {
  for (const { path, text } of product.filter(({ path }) => path.startsWith("src/daemon/")))
    if (!/\.fixture\.ts$/.test(path)) assert.doesNotMatch(text, /algorithm: "none"|sealed_to: null/, path);
});

const banned: readonly { call: RegExp; instead: string; except: RegExp }[] = [
  { call: /\bDate\.now\(/, instead: "the injected clock", except: /^src\/(base\/clock|bin\/|cli\/|client\/)/ },
  {
    call: /(?<![.\w])setTimeout\(|(?<![.\w])setInterval\(/,
    instead: "clock.after",
    except: /^src\/(base\/clock|bin\/|cli\/|client\/)/,
  },
  { call: /\bconsole\./, instead: "the injected log, or stdout in src/cli", except: /^$/ },
  { call: /\b(execSync|spawnSync|execFileSync)\(/, instead: "spawn: nothing blocks the loop", except: /^$/ },
  { call: /\bas any\b|: any\b|@ts-(ignore|nocheck|expect-error)/, instead: "a type", except: /^$/ },
];

test("banned calls, each with what to use instead", () => {
  for (const { path, text } of product) {
    for (const { call, instead, except } of banned) {
      if (!except.test(path)) assert.doesNotMatch(text, call, `${path}: use ${instead}`);
    }
  }
});

test("tests neither sleep nor skip: wait for the event itself", () => {
  for (const { path, text } of sources.filter((file) => isTest(file.path) && file.path !== "test/tidy.test.ts")) {
    assert.doesNotMatch(text, /\b(test|it|describe)\.(only|skip|todo)\(/, path);
    assert.doesNotMatch(text, /from "node:timers\/promises"/, `${path}: await a condition, not time`);
  }
});

test("every error code has a page that says what it means, why, and what to do", () => {
  const index = "README.md";
  const pages = readdirSync(join(root, "docs/errors"))
    .filter((name) => name !== index)
    .sort();
  assert.deepEqual(
    pages,
    Object.keys(errorCodes)
      .map((code) => `${code}.md`)
      .sort(),
  );
});

test("the lock file pins by integrity, names no host, and nothing runs a script at installation", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, Record<string, unknown>>;
  };
  for (const [name, entry] of Object.entries(lock.packages)) {
    if (name === "") continue;
    assert.ok(typeof entry["integrity"] === "string", `${name} has no integrity`);
    assert.equal(entry["resolved"], undefined, `${name} names a host`);
    assert.equal(entry["hasInstallScript"], undefined, `${name} runs a script at installation`);
  }
});

test("migrations and decisions are numbered without a gap and named, one a number: what follows what is plain", () => {
  const folders = ["broker/sqlite", "broker/postgres", "daemon/outbox", "daemon/inbox"];
  for (const folder of [...folders.map((name) => `migrations/${name}`), "docs/adr"]) {
    const form = folder === "docs/adr" ? /^\d{4}-[a-z0-9-]+\.md$/ : /^\d{4}_[a-z0-9_]+\.sql$/;
    for (const [index, name] of readdirSync(join(root, folder)).sort().entries()) {
      assert.match(name, form);
      assert.equal(Number(name.slice(0, 4)), index + 1, `${folder}/${name}`);
    }
  }
});

function files(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(root, folder, name), "utf8") }));
}

function imports(text: string): string[] {
  return [...text.matchAll(/(?:^|\n)\s*(?:import|export)[^"';]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g)].map(
    (found) => found[1] ?? found[2] ?? "",
  );
}

function isTest(path: string): boolean {
  return /\.(test|fixture)\.ts$|\/testing\/|^test\//.test(path);
}
