import { definitions, wrap } from "../wrap.ts";

/** A page of the help that is about no single command. One in a file, and a line in topics.ts. */
export interface HelpTopic {
  /** One line, no full stop. */
  readonly summary: string;
  readonly body: readonly Block[];
}

/** A paragraph, terms with what they mean, or lines to be typed or read as they stand. */
export type Block =
  | string
  | { readonly rows: readonly (readonly [term: string, text: string])[] }
  | { readonly lines: readonly string[] };

/** The page for a terminal of `width` columns. */
export function topicText(topic: HelpTopic, width: number): string[] {
  return [`${topic.summary}.`, ...topic.body.flatMap((block) => ["", ...blockText(block, width)])];
}

function blockText(block: Block, width: number): string[] {
  if (typeof block === "string") return wrap(block, width);
  if ("rows" in block) return definitions(block.rows, width);
  return block.lines.map((line) => `  ${line}`);
}
