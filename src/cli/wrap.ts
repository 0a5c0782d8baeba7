/** `text` as lines of at most `width` columns, each begun with `indent`. A word longer than that has a line of its own. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, indent + line];
}

/** Beyond this a term stands on a line of its own, so that one long term does not push all texts to the right. */
const termColumnsMax = 34;

/** Terms with their explanations beside them, aligned; explanations wrap within their column. */
export function definitions(rows: readonly (readonly [term: string, text: string])[], width: number): string[] {
  const column = Math.max(0, ...rows.map(([term]) => (term.length <= termColumnsMax ? term.length : 0)));
  return rows.flatMap(([term, text]) => {
    const [first = "", ...rest] = wrap(text, width, " ".repeat(column + 4));
    if (term.length > column) return [`  ${term}`, first, ...rest].filter((line) => line !== "");
    return [`  ${term.padEnd(column)}  ${first.trimStart()}`.trimEnd(), ...rest];
  });
}
