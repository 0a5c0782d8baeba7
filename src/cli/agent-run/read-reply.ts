import { jsonObject } from "../../protocol/json-object.ts";
import { limits } from "../../protocol/limits.ts";

export type Reply =
  | { readonly kind: "reply"; readonly text: string }
  /** It wrote nothing, or says that there is nothing to answer. */
  | { readonly kind: "none" }
  /** It wrote something that is no answer. */
  | { readonly kind: "not_understood"; readonly why: string };

const form = 'it is to be one JSON object, {"reply": "text"}, or nothing';

/** What a command wrote to its standard output, read as its answer: `{"reply": "…"}`, or nothing. */
export function readReply(output: Buffer, isCut: boolean): Reply {
  if (isCut)
    return { kind: "not_understood", why: `its output is longer than ${limits.commandOutputBytesMax} bytes; ${form}` };
  const text = output.toString("utf8").trim();
  if (text === "") return { kind: "none" };
  const reply = replyIn(text);
  if (reply === undefined) return { kind: "not_understood", why: `its output is no answer; ${form}` };
  return reply === null || reply === "" ? { kind: "none" } : { kind: "reply", text: reply };
}

/** undefined: it is no answer. */
function replyIn(text: string): string | null | undefined {
  const reply = jsonObject(text)?.["reply"];
  return typeof reply === "string" || reply === null ? reply : undefined;
}
