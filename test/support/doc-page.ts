import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** First word after the fence: `sh`, `text`, `console`, `toml`, … or "". */
  readonly language: string;
  /** The other words after the fence. */
  readonly words: readonly string[];
  readonly text: string;
  /** Line of the page on which its text begins. */
  readonly line: number;
}

/** A page of the documentation. */
export interface Page {
  /** From the root of the checkout. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** The page without its blocks: the same number of lines, those of blocks empty. */
  readonly prose: string;
}

/** Made from the sources by a program; what they show are forms, not commands to be run. */
export const generatedPages: readonly string[] = ["docs/cli.md"];

/** Every Markdown page that a reader may come to. */
export function docPages(): readonly Page[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name));
  const alone = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "conformance/README.md"];
  const sdks = readdirSync(join(root, "sdk")).map((language) => join("sdk", language, "README.md"));
  const paths = [...alone, ...inFolder("docs").sort(), ...sdks.filter((path) => existsSync(join(root, path)))];
  return paths.map((path) => readPage(path, readFileSync(join(root, path), "utf8")));
}

export function readPage(path: string, text: string): Page {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { fence: string; info: string[]; line: number; lines: string[] } | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^\s*(`{3,})(.*)$/.exec(line);
    if (open === null && fence === null) {
      prose.push(line);
      continue;
    }
    prose.push("");
    if (open === null) {
      open = { fence: fence?.[1] ?? "", info: (fence?.[2] ?? "").trim().split(/\s+/), line: index + 2, lines: [] };
    } else if (line.trim() === open.fence) {
      const [language = "", ...words] = open.info;
      blocks.push({ language, words, text: open.lines.map((each) => `${each}\n`).join(""), line: open.line });
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== null) throw new Error(`${path}: the block at line ${open.line} has no end`);
  return { path, text, blocks, prose: prose.join("\n") };
}

/** What a page says to type, in its order. */
export interface Step {
  readonly block: Block;
  readonly host: "first" | "second";
  readonly exitCode: number;
  /** What the page shows as its output; null when it shows none. */
  readonly output: string | null;
}

/**
 * The `sh` blocks of a page. Words behind `sh` say where and how a block ends: `second-host` types it on another host,
 * `exit-4` expects that exit code of its last command. A `text` block that comes next shows its output.
 */
export function stepsOf(page: Page): readonly Step[] {
  return page.blocks.flatMap((block, index) => {
    if (block.language !== "sh") return [];
    const next = page.blocks[index + 1];
    let host: Step["host"] = "first";
    let exitCode = 0;
    for (const word of block.words) {
      const exit = /^exit-(\d+)$/.exec(word)?.[1];
      if (exit !== undefined) exitCode = Number(exit);
      else if (word === "second-host") host = "second";
      else throw new Error(`${page.path}:${block.line}: \`sh ${word}\` means nothing`);
    }
    return [{ block, host, exitCode, output: next?.language === "text" ? next.text : null }];
  });
}
