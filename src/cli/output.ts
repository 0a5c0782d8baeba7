/** Where a command writes: the answer to standard output, everything else to standard error. */
export interface Output {
  /** One line of the answer. */
  line(text: string): void;
  /** The whole answer as JSON; with `--json` nothing else goes to standard output. */
  json(value: unknown): void;
  /** Progress and notices. */
  note(text: string): void;
  /** Emphasis, only when the answer goes to a terminal. */
  readonly paint: Readonly<Record<"bold" | "dim" | "green" | "yellow" | "red", (text: string) => string>>;
}

export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export function createOutput(stdout: Sink, stderr: Sink, env: Readonly<Record<string, string | undefined>>): Output {
  const colour = stdout.isTTY === true && env["NO_COLOR"] === undefined && env["TERM"] !== "dumb";
  const painter =
    (code: number) =>
    (text: string): string =>
      colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  return {
    line: (text) => void stdout.write(`${text}\n`),
    json: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    paint: { bold: painter(1), dim: painter(2), red: painter(31), green: painter(32), yellow: painter(33) },
  };
}
