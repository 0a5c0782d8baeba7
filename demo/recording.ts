import { createTerminal, rowText, type Span, type Terminal } from "./terminal.ts";

export interface PaneSize {
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
}

/** A row of a pane from one moment to another, in milliseconds of the recording. */
export interface ShownRow {
  readonly pane: number;
  readonly row: number;
  readonly spans: readonly Span[];
  readonly fromMs: number;
  /** null: until the end. */
  readonly toMs: number | null;
}

export interface Recorded {
  readonly panes: readonly PaneSize[];
  readonly rows: readonly ShownRow[];
  readonly lengthMs: number;
}

/** One terminal of the recording. */
export interface Pane {
  /** As if somebody typed a command: a prompt, the words one after the other, a line break. */
  type(text: string): Promise<void>;
  /** What a program wrote, at once. */
  print(text: string): Promise<void>;
}

/**
 * Terminals side by side over a time of their own: how long something takes in the recording is said by the script,
 * never by a clock, so that the same texts make the same recording whatever the machine was doing.
 */
export interface Recording {
  readonly panes: readonly Pane[];
  /** Nothing happens for so long. */
  pause(ms: number): void;
  end(): Recorded;
}

const typedWordMs = 90;
const printedMs = 250;
/** The last screen stays for so long before it begins anew. */
const lastScreenMs = 7_000;
const prompt = "\u001b[32m$\u001b[0m ";

export function createRecording(sizes: readonly PaneSize[]): Recording {
  const rows: ShownRow[] = [];
  const shown = new Map<string, { readonly key: string; readonly index: number }>();
  let atMs = 0;
  const look = (pane: number, terminal: Terminal): void => {
    for (const [row, spans] of terminal.screen().entries()) {
      const place = `${pane}/${row}`;
      const key = JSON.stringify(spans);
      const before = shown.get(place);
      if (before?.key === key || (before === undefined && spans.length === 0)) continue;
      const ended = before === undefined ? undefined : rows[before.index];
      if (before !== undefined && ended !== undefined) rows[before.index] = { ...ended, toMs: atMs };
      rows.push({ pane, row, spans, fromMs: atMs, toMs: null });
      shown.set(place, { key, index: rows.length - 1 });
    }
  };
  const panes = sizes.map((size, index): Pane => {
    const terminal = createTerminal(size.columns, size.rows);
    const write = async (text: string, ms: number): Promise<void> => {
      await terminal.write(text);
      atMs += ms;
      look(index, terminal);
    };
    return {
      async type(text) {
        await write(prompt, 0);
        for (const word of text.split(/(?<= )/)) await write(word, typedWordMs);
        await write("\n", 0);
      },
      print: (text) => write(text, printedMs),
    };
  });
  return {
    panes,
    pause(ms) {
      atMs += ms;
    },
    end: () => ({
      panes: sizes,
      // Of a row that came and went in one moment there is nothing to see.
      rows: rows.filter(({ spans, fromMs, toMs }) => spans.length > 0 && fromMs !== toMs),
      lengthMs: atMs + lastScreenMs,
    }),
  };
}

/** The texts of each pane as they stand at the end. */
export function lastScreens({ panes, rows }: Recorded): readonly string[] {
  return panes.map(({ rows: count }, pane) => {
    const lines = Array.from({ length: count }, (_, row) => {
      const found = rows.find((shown) => shown.pane === pane && shown.row === row && shown.toMs === null);
      return found === undefined ? "" : rowText(found.spans);
    });
    return `${lines.join("\n").trimEnd()}\n`;
  });
}

/** The same as one text, each pane under its title. */
export function lastText(recorded: Recorded): string {
  const screens = lastScreens(recorded);
  return recorded.panes.map(({ title }, index) => `== ${title}\n${screens[index] ?? ""}`).join("\n");
}
