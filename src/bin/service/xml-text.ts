const named: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as content of an element. */
export function xmlText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => named[character] ?? character);
}
