import headless from "@xterm/headless";

/** Text of one look within a row of the screen. */
export interface Span {
  readonly column: number;
  readonly text: string;
  readonly look: Look;
}

export interface Look {
  /** Of the sixteen colours of a terminal; null: as the terminal writes by itself. */
  readonly colour: number | null;
  readonly bold: boolean;
  readonly dim: boolean;
}

/** A terminal without a window: what programs write is interpreted as a real one does it, and read back cell by cell. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): Promise<void>;
  /** The rows that are on the screen now, from the top. */
  screen(): readonly (readonly Span[])[];
}

export function createTerminal(columns: number, rows: number): Terminal {
  const terminal = new headless.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true });
  return {
    columns,
    rows,
    write: (text) => new Promise((resolve) => terminal.write(text, resolve)),
    screen() {
      const { active } = terminal.buffer;
      return Array.from({ length: rows }, (_, row) => spans(active.getLine(active.viewportY + row)));
    },
  };
}

type Line = ReturnType<headless.Terminal["buffer"]["active"]["getLine"]>;

function spans(line: Line): readonly Span[] {
  const found: Span[] = [];
  for (let column = 0; column < (line?.length ?? 0); column += 1) {
    const cell = line?.getCell(column);
    // The second half of a wide character has no width of its own.
    if (cell === undefined || cell.getWidth() === 0) continue;
    const text = cell.getChars() === "" ? " " : cell.getChars();
    const look: Look = {
      colour: cell.isFgPalette() ? cell.getFgColor() : null,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
    };
    const last = found.at(-1);
    if (last !== undefined && sameLook(last.look, look)) found[found.length - 1] = { ...last, text: last.text + text };
    else found.push({ column, text, look });
  }
  // Spaces around a text are places, not text: pictures need not keep them.
  return found.flatMap(({ column, text, look }) => {
    const [before] = /^ */.exec(text) ?? [""];
    return text.trim() === "" ? [] : [{ column: column + before.length, text: text.trim(), look }];
  });
}

function sameLook(one: Look, other: Look): boolean {
  return one.colour === other.colour && one.bold === other.bold && one.dim === other.dim;
}

/** A row as a reader sees it, without looks. */
export function rowText(row: readonly Span[]): string {
  return row.reduce((text, span) => text.padEnd(span.column) + span.text, "");
}
