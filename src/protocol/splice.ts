/** One change of a text: `remove` stands at `at`, and `insert` takes its place. */
export interface Splice {
  readonly at: number;
  readonly remove: string;
  readonly insert: string;
}

export function spliced(text: string, { at, remove, insert }: Splice): string {
  return text.slice(0, at) + insert + text.slice(at + remove.length);
}
