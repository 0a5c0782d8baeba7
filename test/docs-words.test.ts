import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { defaultBrokerConfig, parseBrokerConfig } from "../src/broker/config.ts";
import { commandNames, commands, findCommand } from "../src/cli/commands.ts";
import { exitCodeOf } from "../src/cli/exit-codes.ts";
import { main } from "../src/cli/main.ts";
import { commonOptions, parseArguments } from "../src/cli/parse-arguments.ts";
import { defaultConfig, parseConfig } from "../src/daemon/config.ts";
import { parseHooksConfig } from "../src/protocol/hooks-config.ts";
import { ClaudemeshError } from "../src/protocol/error.ts";
import { errorCodes } from "../src/protocol/error-codes.ts";
import { docPages, generatedPages, type Page } from "./support/doc-page.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = docPages();
const guides = pages.filter(({ path }) => !/^(conformance|docs\/adr)\//.test(path) && !generatedPages.includes(path));

test("every link of a page leads somewhere, to the section that it names", () => {
  const wrong = pages.flatMap((page) =>
    [...page.prose.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = "", anchor] = target.split("#");
      const path = file === "" ? page.path : normalize(join(dirname(page.path), file));
      if (!existsSync(join(root, path))) return [`${page.path}: ${target}`];
      if (anchor === undefined) return [];
      const there = pages.find((other) => other.path === path);
      return there !== undefined && anchors(there).has(anchor) ? [] : [`${page.path}: ${target}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

test("every page is reached from docs/README.md or from a page that it names", () => {
  const seen = new Set(["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "conformance/README.md"]);
  const queue = ["docs/README.md"];
  for (const path of queue) {
    if (seen.has(path)) continue;
    seen.add(path);
    const page = pages.find((other) => other.path === path);
    for (const [, target = ""] of page?.prose.matchAll(/\]\(([^()\s#]+)[^()\s]*\)/g) ?? []) {
      const named = normalize(join(dirname(path), target));
      queue.push(
        ...(existsSync(join(root, named)) && statSync(join(root, named)).isDirectory() ? filesIn(named) : [named]),
      );
    }
  }
  assert.deepEqual(
    pages.map(({ path }) => path).filter((path) => !seen.has(path)),
    [],
  );
});

test("every command that a page names exists, with every option it is given", async () => {
  const wrong: string[] = [];
  for (const page of guides)
    for (const code of inlineCode(page))
      for (const words of commandLines(code)) {
        const refusal = await refusalOf(words);
        if (refusal !== null) wrong.push(`${page.path}: \`${code}\`: ${refusal}`);
      }
  assert.deepEqual(wrong, []);
});

test("every option that a page names by itself is one of some command", async () => {
  const options = new Set(Object.keys(commonOptions));
  for (const load of Object.values(commands))
    for (const name of Object.keys((await load()).command.options)) options.add(name);
  const wrong = guides.flatMap((page) =>
    inlineCode(page).flatMap((code) => {
      const name = /^--([a-z-]+)(?: |$)/.exec(code)?.[1];
      return name === undefined || options.has(name) || otherPrograms.has(`--${name}`) ? [] : [`${page.path}: ${code}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

test("every name that a page writes with an underline is one of the program's: codes, fields, settings, metrics", () => {
  const known = words();
  const wrong = guides.flatMap((page) =>
    inlineCode(page).flatMap((code) => {
      const names =
        /^[a-zA-Z_.]+$/.test(code) || /^[a-z_]+[:{]/.test(code)
          ? (code.match(/\b[A-Za-z]+(?:_[A-Za-z0-9]+)+\b/g) ?? [])
          : [];
      return names
        .filter((name) => !known.has(name) && !postgresNames.has(name))
        .map((name) => `${page.path}: ${name}`);
    }),
  );
  assert.deepEqual(wrong, []);
});

test("every setting that a page names exists, and what it shows of a file is read without a word", () => {
  const keysOf = (config: object): string[] =>
    Object.entries(config).flatMap(([table, values]) => Object.keys(values as object).map((key) => `${table}.${key}`));
  const keys = new Set([...keysOf(defaultConfig), ...keysOf(defaultBrokerConfig)]);
  const tables = new Set([...keys].map((key) => key.split(".")[0] ?? ""));
  const wrong = guides.flatMap((page) =>
    inlineCode(page).flatMap((code) => {
      // A file may be called after a table.
      if (/\.(toml|ts)$/.test(code)) return [];
      const [, bracket, inside] = /^\[([a-z_]+)\](?: ([a-z_]+))?/.exec(code) ?? [];
      const [, table = bracket, key = inside] = /^([a-z_]+)\.([a-z_]+)$/.exec(code) ?? [];
      if (table === undefined || (bracket === undefined && !tables.has(table))) return [];
      return key === undefined
        ? tables.has(table)
          ? []
          : [code]
        : keys.has(`${table}.${key}`)
          ? []
          : [`${page.path}: ${code}`];
    }),
  );
  assert.deepEqual(wrong, []);
  for (const page of guides)
    for (const { language, words, text, line } of page.blocks.filter((block) => block.language === "toml")) {
      const parse = { daemon: parseConfig, broker: parseBrokerConfig, hooks: parseHooksConfig }[words[0] ?? ""];
      assert.ok(parse !== undefined, `${page.path}:${line}: whose is it? ${language} daemon`);
      parse(text, `${page.path}:${line}`);
    }
});

test("what a page on an error says of its status, exit code and trying again is what the tables say", () => {
  for (const [code, { status, retryable }] of Object.entries(errorCodes)) {
    const page = pages.find(({ path }) => path === `docs/errors/${code}.md`);
    assert.ok(page !== undefined, code);
    assert.ok(page.text.startsWith(`# ${code}\n`), code);
    const exit = exitCodeOf(new ClaudemeshError(code as keyof typeof errorCodes, ""));
    const help = retryable ? "can help" : "does not help";
    const facts = `- **HTTP status**: ${status}. **Exit code**: ${exit}. **Trying the same again**: ${help}.\n`;
    assert.ok(page.text.includes(facts), `docs/errors/${code}.md: ${facts}`);
    assert.match(page.text, /\n- \*\*Why\*\*:[\s\S]+\n- \*\*What to do\*\*:/, code);
  }
});

test("the index of errors has each code once", () => {
  const index = pages.find(({ path }) => path === "docs/errors/README.md");
  const listed = [...(index?.prose.matchAll(/^\[([a-z0-9_]+)\]\(\1\.md\)[,.]$/gm) ?? [])].map(([, code]) => code);
  assert.deepEqual(listed.toSorted(), Object.keys(errorCodes).sort());
});

/** Blocks that a test cannot type, by their first line. What is shown and not typed has no language, or is `text`. */
const notTyped: Readonly<Record<string, readonly (readonly [firstLine: string, because: string])[]>> = {
  "README.md": [
    ["npm start ", "it is a test of its own, and takes the suite with it"],
    ["npm pack ", "it installs for the whole machine"],
  ],
  "docs/other-agents.md": [
    ["claudemesh agent run helper", "it runs the models of other programs"],
    ["claudemesh agent run reviewer", "it runs a program that has to be signed in"],
  ],
  "docs/quick-start.md": [["(crontab -l", "it changes the user's table of cron"]],
  "docs/operations.md": [
    ["npm pack ", "it installs for the whole machine"],
    ["claudemesh broker up --listen 0.0.0.0:8787 --tls-cert", "it needs a certificate that somebody has issued"],
    ["createuser ", "it is typed at a database server of its own"],
    ["export DATABASE_URL", "it stays in the foreground; tests start brokers so"],
    ["claudemesh up --name ops", "it stands beside a broker in the foreground"],
  ],
};

/** test/system/third-fingerprint.test.ts adds its blocks of TypeScript to a copy of the program. */
const addedToProgram = "docs/fingerprints.md";

test("blocks that are not typed by a test are few, each with its reason", () => {
  const known = new Set(["sh", "console", "text", "toml", "json", "sql", "ts", "js", "python", "go", "yaml", ""]);
  for (const page of guides) {
    for (const { language, line } of page.blocks)
      assert.ok(known.has(language) || addedToProgram === page.path, `${page.path}:${line}: ${language}`);
    const found = page.blocks.filter(({ language }) => language === "console").map(({ text }) => text);
    const listed = notTyped[page.path] ?? [];
    assert.equal(found.length, listed.length, `${page.path}: ${found.join("")}`);
    for (const [index, [firstLine]] of listed.entries())
      assert.ok(found[index]?.trimStart().startsWith(firstLine), found[index]);
  }
});

/** Of PostgreSQL, its settings and its programs. */
const postgresNames = new Set([
  "max_wal_size",
  "shared_buffers",
  "NODE_EXTRA_CA_CERTS",
  "tls_config",
  "insecure_skip_verify",
  "credentials_file",
  "synchronous_standby_names",
  "pg_dump",
  "pg_basebackup",
]);

/** Options of other programs that the pages tell of. */
const otherPrograms = new Set<string>([]);

/** As Git forges make them of headings. */
function anchors(page: Page): Set<string> {
  const headings = page.prose.split("\n").flatMap((line) => /^#{1,6} (.+)$/.exec(line)?.[1] ?? []);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

function inlineCode({ prose }: Page): string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** The words after each `claudemesh` that stands where a command does. */
function commandLines(code: string): string[][] {
  return code.split(/\s*(?:\||&&|;)\s*/).flatMap((part) => {
    const line = /^(?:[A-Z_]+=\S+ )*(?:\.\/)?claudemesh(?: (.*))?$/.exec(part)?.[1];
    const kept = line?.replace(/\s*[<>].*$/, "");
    return kept === undefined
      ? []
      : [[...kept.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? "")];
  });
}

/** Why a command line is refused before anything is asked or done; null when it is one. */
async function refusalOf(words: readonly string[]): Promise<string | null> {
  if (words.length === 0) return null;
  if (words[0] === "help") return helpRefusal(words);
  const found = await findCommand(words);
  if (found === null) return commandNames(`${words[0]} `).length > 0 && words.length === 1 ? null : "no such command";
  try {
    parseArguments(found.command, withValue(words.slice(found.words)));
    return null;
  } catch (thrown) {
    return ClaudemeshError.from(thrown).message;
  }
}

/** A page may name an option without its value: `send --wait`. */
function withValue(words: readonly string[]): readonly string[] {
  return words.at(-1)?.startsWith("--") === true && !words.at(-1)?.includes("=") ? [...words, ""] : words;
}

async function helpRefusal(words: readonly string[]): Promise<string | null> {
  const told: string[] = [];
  const sink = { write: (text: string) => told.push(text) };
  const code = await main(words, {
    env: {},
    stdin: () => process.stdin,
    stdout: sink,
    stderr: sink,
    launcher: () => Promise.reject(new Error("the help starts nothing")),
    signal: new AbortController().signal,
  });
  return code === 0 ? null : told.join("");
}

/** Every word of the sources, of their tests too: some names are put together from parts. */
function words(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const folder of ["src", "migrations", "sdk"])
    for (const path of filesIn(folder).filter((name) => /\.(ts|sql|py|go)$/.test(name)))
      for (const word of readFileSync(join(root, path), "utf8").match(/\w+/g) ?? []) found.add(word);
  return found;
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}
