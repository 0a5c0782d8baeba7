import type { Pane } from "./recording.ts";

const bold = (text: string): string => `\u001b[1m${text}\u001b[0m`;
const dim = (text: string): string => `\u001b[2m${text}\u001b[0m`;
const colour = (code: number, text: string): string => `\u001b[${code}m${text}\u001b[0m`;

/** What a session's user, its model and its context show, in the manner of a coding agent. */
export interface SessionPane {
  user(text: string): Promise<void>;
  /** A command that the session's model runs, with what it printed. */
  command(words: string, output: string): Promise<void>;
  /** Something came into the context. */
  came(text: string): Promise<void>;
  /** What the terminal itself says. */
  note(text: string): Promise<void>;
}

export function sessionPane(pane: Pane, columns: number): SessionPane {
  const lines = (text: string, indent: string): readonly string[] =>
    text
      .trimEnd()
      .split("\n")
      .flatMap((line) => wrapped(line, columns - indent.length).map((part) => indent + part));
  return {
    user: (text) => pane.print(`${bold(`> ${text}`)}\n`),
    async command(words, output) {
      const [first = "", ...others] = wrapped(words, columns - 2);
      await pane.print(`${[`${colour(32, "●")} ${first}`, ...others.map((part) => `  ${part}`)].join("\n")}\n`);
      await pane.print(`${lines(withoutIds(output), "  ").map(dim).join("\n")}\n`);
    },
    async came(text) {
      const [tag = "", ...rest] = shown(text).split("\n");
      const body = rest.at(-1)?.startsWith("</") === true ? rest.slice(0, -1) : rest;
      const shownLines = [
        ...lines(tag, "").map((line) => colour(36, line)),
        ...lines(body.join("\n"), ""),
        ...(body.length === rest.length ? [] : lines(rest.at(-1) ?? "", "").map((line) => colour(36, line))),
      ];
      await pane.print(`${shownLines.join("\n")}\n`);
    },
    note: (text) => pane.print(`${dim(text)}\n`),
  };
}

/**
 * A framed message as the picture shows it: what differs from run to run stands as `…`, and of the lines that every message
 * brings with it the first, for the others say the same each time.
 */
export function shown(framed: string): string {
  const begin = framed.indexOf("<claudemesh-message-");
  const end = /<\/claudemesh-message-[^>]*>/.exec(framed);
  // What a session's own way in puts around it is not the message's.
  const short = withoutIds(framed.slice(begin, end === null ? framed.length : end.index + end[0].length))
    .replaceAll(/(claudemesh-message-)[0-9a-z]+/g, "$1…")
    .replaceAll(/ (id|sent|mesh|inbox_id|repeat)="[^"]*"/g, "");
  const [tag = "", first = "", ...rest] = short.split("\n");
  const begins = rest.indexOf("");
  return [tag, (/^[^.]*\./.exec(first) ?? [first])[0], ...rest.slice(begins + 1)].join("\n");
}

/** What a command printed, without the ids that differ from run to run. */
export function withoutIds(output: string): string {
  return output.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "…");
}

/** Between words where there are some. */
function wrapped(text: string, width: number): readonly string[] {
  const found: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width || line === "") line = longer;
    else {
      found.push(line);
      line = word;
    }
  }
  return [...found, line].flatMap((part) => part.match(new RegExp(`.{1,${width}}`, "gu")) ?? [""]);
}
