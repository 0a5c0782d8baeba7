import { readContent } from "../../../http/message-content.ts";
import { sendShape } from "../../../http/send.schema.ts";
import { readShape, optional, text } from "../../../http/shape.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { parseJson } from "../../../protocol/json-parse.ts";
import { limits } from "../../../protocol/limits.ts";
import { printable } from "../../../base/printable.ts";

/** What a pre-send hook has said by its output. */
export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "changed"; readonly body: Uint8Array; readonly contentType: string }
  | { readonly kind: "failed"; readonly reason: string };

const shape = {
  refuse: optional(text()),
  message: sendShape.message,
  body: sendShape.body,
  content_type: sendShape.content_type,
};

/** Nothing, or an object with nothing in it, lets the message pass. What is not read as it was meant is no decision. */
export function readVerdict(output: Uint8Array): Verdict {
  if (Buffer.from(output).toString("latin1").trim() === "") return { kind: "passed" };
  try {
    const { refuse, ...content } = readShape(shape, parseJson(output), "field", { reason: "refuse", reply: "message" });
    const isChanged = content.message !== undefined || content.body !== undefined || content.content_type !== undefined;
    if (refuse !== undefined && isChanged)
      return { kind: "failed", reason: "it refused the message and changed it at once" };
    if (refuse !== undefined) return { kind: "refused", reason: shown(refuse) };
    if (!isChanged) return { kind: "passed" };
    return { kind: "changed", ...readContent(content) };
  } catch (thrown) {
    return { kind: "failed", reason: `its answer is none: ${ClaudemeshError.from(thrown).message}` };
  }
}

function shown(reason: string): string {
  return reason.trim() === "" ? "it gave no reason" : printable(reason).slice(0, limits.hookShownCharsMax);
}
