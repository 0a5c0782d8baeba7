import { type Clock, systemClock } from "../base/clock.ts";
import { jsonLine, printable } from "./printable.ts";
import { createProgress } from "./progress.ts";

/**
 * Where a command writes: the answer to standard output, everything else to standard error. Whatever text a command
 * hands over, no control character of it reaches a terminal.
 */
export interface Output {
  /** One line of the answer. */
  line(text: string): void;
  /** The whole answer as JSON; with `--json` nothing else goes to standard output. */
  json(value: unknown): void;
  /** Notices. */
  note(text: string): void;
  /** Notices for a program: one JSON object. */
  noteJson(value: unknown): void;
  /** What is being waited for; told only to somebody who looks at standard error. */
  progress(text: string): void;
  /** No more progress is told. */
  end(): void;
  /** Emphasis, only when the answer goes to a terminal. Nothing is told by it alone. */
  readonly paint: Readonly<Record<"bold" | "dim" | "green" | "yellow" | "red", (text: string) => string>>;
  /** Columns for running text: the terminal's, else {@link defaultWidth}. */
  readonly width: number;
}

export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Columns where the answer goes to no terminal. */
export const defaultWidth = 100;
const widthMin = 40;

/** Exactly the sequences that `paint` makes: they neither hide text nor move anything. */
const painted = /(\u001b\[(?:0|1|2|31|32|33)m)/;

export function createOutput(
  stdout: Sink,
  stderr: Sink,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock = systemClock,
): Output {
  const colour = wantsColour(stdout.isTTY === true, env);
  const painter =
    (code: number) =>
    (text: string): string =>
      colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  const safe = (text: string): string =>
    colour
      ? text
          .split(painted)
          .map((part, index) => (index % 2 === 1 ? part : printable(part)))
          .join("")
      : printable(text);
  const note = (text: string): void => void stderr.write(`${printable(text)}\n`);
  const progress = stderr.isTTY === true ? createProgress(note, clock) : null;
  return {
    line: (text) => void stdout.write(`${safe(text)}\n`),
    json: (value) => void stdout.write(`${jsonLine(value)}\n`),
    note,
    noteJson: (value) => void stderr.write(`${jsonLine(value)}\n`),
    progress: (text) => progress?.say(text),
    end: () => progress?.end(),
    width: stdout.isTTY === true ? Math.max(widthMin, stdout.columns ?? defaultWidth) : defaultWidth,
    paint: { bold: painter(1), dim: painter(2), red: painter(31), green: painter(32), yellow: painter(33) },
  };
}

/**
 * NO_COLOR wins over everything that asks for colour (no-color.org), then what forces or forbids it, then whether there
 * is a terminal that has any.
 */
function wantsColour(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? env["CLICOLOR_FORCE"] ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  return isTerminal && env["TERM"] !== "dumb" && env["CLICOLOR"] !== "0";
}
