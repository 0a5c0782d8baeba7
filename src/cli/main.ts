import { connect } from "../client/connect.ts";
import { findDaemonDir, homeOf } from "../client/find-daemon.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { CommandContext, Input } from "./command.ts";
import { commands, findCommand } from "./commands.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import type { Launcher } from "./launcher.ts";
import { createOutput, type Output, type Sink } from "./output.ts";
import { parseArguments } from "./parse-arguments.ts";
import { printable } from "./printable.ts";
import { suggest } from "../protocol/suggest.ts";

export interface MainParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: () => Input;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly launcher: () => Promise<Launcher>;
  readonly signal: AbortSignal;
}

/** Runs one command line, the words after `claudemesh`. Answers the exit code; never throws. */
export async function main(words: readonly string[], parts: MainParts): Promise<number> {
  const out = createOutput(parts.stdout, parts.stderr, parts.env);
  try {
    return await run(words, parts, out);
  } catch (thrown) {
    if (parts.signal.aborted) return exitCodes.interrupted;
    return report(ClaudemeshError.from(thrown), words.includes("--json"), out);
  }
}

async function run(words: readonly string[], parts: MainParts, out: Output): Promise<number> {
  const alias = rootAlias(words);
  if (alias !== null) return run(alias, parts, out);
  const found = findCommand(words);
  if (found === null) throw unknownCommand(words);
  const { command } = await found.load();
  const given = parseArguments(command, words.slice(found.words));
  if (given.help) return run(["help", ...words.slice(0, found.words)], parts, out);
  const home = homeOf(parts.env);
  const context: CommandContext = {
    positionals: given.positionals,
    option: (name) => given.values.get(name)?.at(-1),
    options: (name) => given.values.get(name) ?? [],
    flag: (name) => given.values.get(name)?.at(-1) === "true",
    env: parts.env,
    home,
    out,
    signal: parts.signal,
    get stdin() {
      return parts.stdin();
    },
    client: () =>
      connect({ dir: findDaemonDir(home, given.values.get("mesh")?.at(-1) ?? parts.env["CLAUDEMESH_MESH"] ?? null) }),
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
  const isGroup = !Object.hasOwn(commands, first) && Object.keys(commands).some((name) => name.startsWith(`${first} `));
  return isGroup && (second === undefined || second === "--help" || second === "-h") ? ["help", first] : null;
}

function unknownCommand(words: readonly string[]): ClaudemeshError {
  const names = Object.keys(commands);
  const [first = "", second = ""] = words;
  const group = names.filter((name) => name.startsWith(`${first} `));
  const written = group.length > 0 ? `${first} ${second}` : first;
  const [meant = null] = suggest(written, group.length > 0 ? group : names);
  const hint =
    meant === null ? `claudemesh help${group.length > 0 ? ` ${first}` : ""}` : `did you mean \`claudemesh ${meant}\`?`;
  return new ClaudemeshError("usage", `there is no command \`${written}\``, { hint });
}

/** Standard error gets what and why, then what to run; with --json, standard error gets one JSON object. */
function report(error: ClaudemeshError, json: boolean, out: Output): number {
  if (json) {
    out.note(
      JSON.stringify({
        ...error.details,
        code: error.code,
        message: error.message,
        hint: error.hint ?? null,
        retryable: error.retryable,
      }),
    );
  } else {
    const suggestions = Array.isArray(error.details["suggestions"]) ? error.details["suggestions"].map(String) : [];
    out.note(`error: ${printable(error.message)} (${error.code})`);
    if (suggestions.length > 0 && error.hint === undefined)
      out.note(`hint: did you mean ${printable(suggestions.join(", "))}?`);
    if (error.hint !== undefined) out.note(`hint: ${printable(error.hint)}`);
  }
  return exitCodeOf(error);
}
