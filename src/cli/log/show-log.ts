import { join } from "node:path";
import { findDaemonDir } from "../../client/find-daemon.ts";
import { choice } from "../choice.ts";
import type { Command, CommandContext, Option } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { wholeNumber } from "../page-options.ts";
import { requireWords } from "../parse-arguments.ts";
import { plural } from "../plural.ts";
import { followLog } from "./follow-log.ts";
import { lineBytesMax } from "./line-reader.ts";
import { logLevels, logLineText, readLogLine } from "./log-line.ts";
import { readLog, showOne } from "./read-log.ts";

const linesDefault = 50;
const linesMax = 1_000_000_000;

export const logOptions: Readonly<Record<string, Option>> = {
  follow: {
    type: "boolean",
    help: "go on and show each line as it is written, until Ctrl-C; rotation does not end it",
  },
  lines: {
    type: "string",
    value: "N",
    help: `the last N lines, ${linesDefault} by default; 0 with --follow: only new ones`,
  },
  level: {
    type: "string",
    value: "LEVEL",
    help: `only lines of this level and above: ${logLevels.join(", ")}`,
    complete: logLevels,
  },
};

/** `logs`, `daemon logs` and `broker logs`: the log of one process. With --json each line is as it stands in the log. */
export async function showLog(
  command: Pick<Command, "name" | "usage">,
  context: CommandContext,
  of: "daemon" | "broker",
): Promise<number> {
  requireWords(command, context.positionals, 0, 0);
  const { out, signal } = context;
  const follows = context.flag("follow");
  const query = {
    lines: readLines(command, context.option("lines"), follows),
    level: choice(command, "--level", context.option("level"), logLevels),
  };
  const path = logPath(context, of);
  let notLog = 0;
  const show = (line: string): void => {
    signal.throwIfAborted();
    if (!context.flag("json")) return out.line(logLineText(line, out.paint));
    const fields = readLogLine(line);
    if (fields === null) notLog += 1;
    else out.json(fields);
  };
  const end = await readLog(path, query, show);
  if (follows) {
    await followLog(path, end, { level: query.level, signal, show, note: out.note });
    return exitCodes.interrupted;
  }
  // A line that is just being written, or that a crash cut short.
  if (query.lines > 0) showOne(end.reader.rest(), query.level, show);
  await end.file.close();
  if (end.reader.leftOut > 0)
    out.note(`notice: left out ${plural(end.reader.leftOut, "line")} of more than ${lineBytesMax} bytes`);
  if (notLog > 0) out.note(`notice: left out ${plural(notLog, "line")} that is not JSON`);
  return exitCodes.ok;
}

function logPath(context: CommandContext, of: "daemon" | "broker"): string {
  if (of === "broker") return join(context.home, "broker", "broker.log");
  return join(findDaemonDir(context.home, context.mesh), "daemon.log");
}

function readLines(command: Pick<Command, "name" | "usage">, text: string | undefined, follows: boolean): number {
  return wholeNumber(command, "--lines", text, follows ? 0 : 1, linesMax) ?? linesDefault;
}
