import { jsonObject } from "../json-object.ts";

/**
 * Lines by which a program is a session of its own: `claude -p --input-format stream-json --output-format stream-json
 * --verbose`. Documented: "Run Claude Code programmatically" (code.claude.com/docs/en/headless) and the messages of the
 * Agent SDK. What is not documented there is marked (u); all of it is here, and whatever else comes is skipped.
 */

/** One line of its input: the text of one turn. */
export function userLine(text: string): string {
  return `${JSON.stringify({ type: "user", message: { role: "user", content: text }, parent_tool_use_id: null })}\n`;
}

export type StreamEvent =
  /** A session has begun. */
  | { readonly type: "session"; readonly session_id: string }
  /** A turn has ended: what went in before was taken. */
  | { readonly type: "result"; readonly isError: boolean; readonly text: string | null }
  | { readonly type: "other" };

/** A line of its output. Never throws: what no turn ends by is nothing to us. */
export function readStreamLine(line: string): StreamEvent {
  const value = jsonObject(line);
  if (value === null) return { type: "other" };
  const { type, subtype, session_id, is_error, result } = value;
  if (type === "system" && subtype === "init" && typeof session_id === "string" && session_id !== "")
    return { type: "session", session_id };
  if (type !== "result") return { type: "other" };
  return {
    type: "result",
    // (u) Errors of older versions carry a subtype `error_…` alone.
    isError: is_error === true || (typeof subtype === "string" && subtype.startsWith("error")),
    text: typeof result === "string" ? result : null,
  };
}
