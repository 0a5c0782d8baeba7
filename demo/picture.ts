import type { PaneSize, Recorded, ShownRow } from "./recording.ts";
import type { Look, Span } from "./terminal.ts";

/** Where a pane stands, from the upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
  /** Where it is not as wide as its columns. */
  readonly width?: number;
}

const cell = { width: 7.2, height: 17 };
const fontSize = 12;
const padding = 10;
const titleHeight = 22;
/** Between panes, and around them. */
export const paneGap = 12;
const background = "#0d1117";
const frame = "#30363d";
const text = "#e6edf3";
const titleText = "#8b949e";
/** Of a terminal's sixteen; what stands for the others is the text's own. */
const colours: Readonly<Record<number, string>> = {
  1: "#ff7b72",
  2: "#3fb950",
  3: "#d29922",
  4: "#58a6ff",
  5: "#bc8cff",
  6: "#39c5cf",
  8: "#8b949e",
};

/**
 * The recording as one SVG that moves by itself and needs no script: each text says when it is seen. Where nothing
 * moves (a printer, a viewer without animation) the last screen stands, for that is what the attributes say.
 */
export function picture(
  recorded: Recorded,
  { title, description }: { readonly title: string; readonly description: string },
  places: readonly Place[],
): string {
  const boxes = recorded.panes.map((pane, index) => box(pane, places[index] ?? { x: 0, y: 0 }));
  const width = Math.max(...boxes.map(({ x, width }) => x + width)) + paneGap;
  const height = Math.max(...boxes.map(({ y, height }) => y + height)) + paneGap;
  const texts = recorded.rows.map((row) => rowElement(row, boxes[row.pane], recorded.lengthMs)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size(width)} ${size(height)}" width="${size(width)}" height="${size(height)}" role="img">
<title>${escaped(title)}</title>
<desc>${escaped(description)}</desc>
<style>text{font:${fontSize}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${text};white-space:pre}.b{font-weight:bold}.d{opacity:.65}.t{fill:${titleText}}${Object.entries(
    colours,
  )
    .map(([number, colour]) => `.c${number}{fill:${colour}}`)
    .join("")}</style>
<rect width="100%" height="100%" rx="10" fill="#010409"/>
${boxes.map((found) => boxElement(found)).join("\n")}
${texts}
</svg>
`;
}

interface Box {
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function box({ title, columns, rows }: PaneSize, place: Place): Box {
  return {
    title,
    x: paneGap + place.x,
    y: paneGap + place.y,
    width: place.width ?? columns * cell.width + 2 * padding,
    height: titleHeight + rows * cell.height + padding,
  };
}

/** How large a pane becomes, gap included: for whoever places the next one. */
export function paneSize(pane: PaneSize): { readonly width: number; readonly height: number } {
  const { width, height } = box(pane, { x: 0, y: 0 });
  return { width: width + paneGap, height: height + paneGap };
}

function boxElement({ title, x, y, width, height }: Box): string {
  return `<rect x="${size(x)}" y="${size(y)}" width="${size(width)}" height="${size(height)}" rx="6" fill="${background}" stroke="${frame}"/><text class="t" x="${size(x + padding)}" y="${size(y + 16)}">${escaped(title)}</text>`;
}

function rowElement({ row, spans, fromMs, toMs }: ShownRow, where: Box | undefined, lengthMs: number): string {
  if (where === undefined) return "";
  const y = where.y + titleHeight + row * cell.height + fontSize;
  const content = spans.map((span) => spanElement(span, where.x + padding, y)).join("");
  // Seen at the end: there without animation too.
  const hidden = toMs === null ? "" : ' opacity="0"';
  const [from, to] = [fromMs / lengthMs, (toMs ?? lengthMs) / lengthMs];
  const moments = toMs === null ? `0;${moment(from)}` : `0;${moment(from)};${moment(to)}`;
  const values = toMs === null ? "0;1" : "0;1;0";
  const animation =
    fromMs === 0 && toMs === null
      ? ""
      : `<animate attributeName="opacity" dur="${lengthMs}ms" calcMode="discrete" keyTimes="${moments}" values="${values}" repeatCount="indefinite"/>`;
  return `<g${hidden}>${animation}${content}</g>`;
}

function spanElement({ column, text, look }: Span, left: number, y: number): string {
  const classes = lookClasses(look);
  const length = [...text].length * cell.width;
  return `<text${classes === "" ? "" : ` class="${classes}"`} x="${size(left + column * cell.width)}" y="${size(y)}" textLength="${size(length)}">${escaped(text)}</text>`;
}

function lookClasses({ colour, bold, dim }: Look): string {
  return [colour !== null && colour in colours ? `c${colour}` : "", bold ? "b" : "", dim ? "d" : ""]
    .filter((name) => name !== "")
    .join(" ");
}

function size(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function moment(part: number): string {
  return String(Math.round(part * 100_000) / 100_000);
}

function escaped(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
