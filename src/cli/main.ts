import { connect } from "../client/connect.ts";
import { findDaemonDir, homeOf, meshOf } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { CommandContext, Input } from "./command.ts";
import { commandNames, commands, findCommand } from "./commands.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Launcher } from "./launcher.ts";
import { createOutput, type Output, type Sink } from "./output.ts";
import { parseArguments } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";
import { reportError } from "./report-error.ts";
import { suggest } from "../protocol/suggest.ts";

export interface MainParts {
  /** false: in the words stands U+FFFD for bytes that nobody can tell any more. Absent: they are what was typed. */
  readonly wordsAreUtf8?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: () => Input;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Writes to standard output at once, and throws unless all of it went. Absent: like other text. */
  readonly handOver?: (text: string, to?: "stdout" | "stderr") => void;
  readonly launcher: () => Promise<Launcher>;
  readonly signal: AbortSignal;
}

/** Runs one command line, the words after `claudemesh`. Answers the exit code; never throws. */
export async function main(words: readonly string[], parts: MainParts): Promise<number> {
  const out = createOutput(parts.stdout, parts.stderr, parts.env);
  try {
    if (parts.wordsAreUtf8 === false) throw unreadableWords();
    return await run(words, parts, out);
  } catch (thrown) {
    if (parts.signal.aborted) return exitCodes.interrupted;
    const code = reportError(ClaudemeshError.from(thrown), words, out);
    // To a coding agent the exit code of a wrong command line says that its user's words are to be thrown away.
    return words[0] === "agent" && words[1] === "hook" ? exitCodes.error : code;
  } finally {
    out.end();
  }
}

async function run(words: readonly string[], parts: MainParts, out: Output): Promise<number> {
  const alias = rootAlias(words);
  if (alias !== null) return run(alias, parts, out);
  const found = await findCommand(words);
  if (found === null) throw unknownCommand(words);
  const { command } = found;
  const given = parseArguments(command, words.slice(found.words));
  if (given.help) return run(["help", ...words.slice(0, found.words)], parts, out);
  const home = homeOf(parts.env);
  const mesh = given.values.get("mesh")?.at(-1) ?? meshOf(parts.env);
  const context: CommandContext = {
    positionals: given.positionals,
    option: (name) => given.values.get(name)?.at(-1),
    options: (name) => given.values.get(name) ?? [],
    flag: (name) => given.values.get(name)?.at(-1) === "true",
    env: parts.env,
    home,
    mesh,
    out,
    handOver: parts.handOver ?? ((text, to = "stdout") => void parts[to].write(text)),
    signal: parts.signal,
    get stdin() {
      return parts.stdin();
    },
    client: () => connect({ dir: findDaemonDir(home, mesh) }),
    launcher: parts.launcher,
  };
  return command.run(context);
}

/** What other programs have taught people to type, as the command that is meant; null when it is none of these. */
function rootAlias(words: readonly string[]): readonly string[] | null {
  const [first, second] = words;
  if (first === undefined || first === "--help" || first === "-h") return ["help"];
  if (first === "--version" || first === "-V") return ["version"];
  // `claudemesh topic` and `claudemesh topic --help` show what there is.
  const isGroup = !Object.hasOwn(commands, first) && commandNames(`${first} `).length > 0;
  return isGroup && (second === undefined || second === "--help" || second === "-h") ? ["help", first] : null;
}

function unreadableWords(): ClaudemeshError {
  return new ClaudemeshError("invalid_utf8", "the command line is not UTF-8", {
    hint: "write it in UTF-8; a message of other bytes is read from a file (--file F) or from standard input (-)",
  });
}

function unknownCommand(words: readonly string[]): ClaudemeshError {
  const [first = "", second = ""] = words;
  const group = commandNames(`${first} `);
  const written = group.length > 0 ? `${first} ${second}` : first;
  const [meant = null] = suggest(written, group.length > 0 ? group : commandNames());
  const help = `claudemesh help${group.length > 0 ? ` ${first}` : ""}`;
  const hint = first.startsWith("-")
    ? `options stand after the command; ${help}`
    : meant !== null
      ? `did you mean \`claudemesh ${meant}\`?`
      : help;
  return new ClaudemeshError("usage", `there is no command ${quoted(written)}`, { hint });
}
