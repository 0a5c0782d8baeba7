import { type Splice, spliced } from "../../protocol/splice.ts";
import { type JsonNode, readJson } from "./json-text.ts";

/** A JSON text on which one change after the other is made, each found in the text as the ones before left it. */
export interface TextEdit {
  readonly splices: readonly Splice[];
  root(): JsonNode;
  /** Makes the change that `find` names, if it names one. */
  apply(find: (root: JsonNode, text: string) => Splice | null): boolean;
}

export function editText(start: string, path: string, comments = false): TextEdit {
  let text = start;
  const splices: Splice[] = [];
  const root = (): JsonNode => readJson(text, path, comments);
  return {
    splices,
    root,
    apply(find) {
      const splice = find(root(), text);
      if (splice === null) return false;
      splices.push(splice);
      text = spliced(text, splice);
      return true;
    },
  };
}
