import type { CallToolResult } from "@modelcontextprotocol/server";
import { printable } from "../base/printable.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { mcpLimits } from "./mcp-limits.ts";

/**
 * A refusal as a result that the model reads: the code, what was wrong, and what helps. `key` is named where trying
 * again can help: with it nothing happens twice.
 */
export function errorResult(thrown: unknown, key: string | null): CallToolResult {
  const error = ClaudemeshError.from(thrown);
  const { code, message, retryable } = error;
  const hint = error.hint === undefined ? null : byTools(error.hint);
  const lines = [
    `error ${code}: ${printable(message)}`,
    ...(hint === null ? [] : [`what helps: ${printable(hint)}`]),
    ...(retryable && key !== null ? [`trying again can help; with idempotency_key ${key} nothing is done twice`] : []),
  ];
  return {
    isError: true,
    content: [{ type: "text", text: lines.join("\n").slice(0, mcpLimits.errorCharsMax).toWellFormed() }],
    _meta: { "claudemesh/error": { code, message, hint, retryable, idempotency_key: key } },
  };
}

/** A hint names commands; the model has tools, and no shell perhaps. */
function byTools(hint: string): string {
  return hint
    .replace(/claudemesh (?:members|topic list|queue list|agent list)(?! )/g, "the tool peers lists what there is")
    .replace(/claudemesh (?:members|topic list|queue list|agent list) shows/g, "the tool peers shows")
    .replace(/claudemesh inbox$/, "the tool inbox");
}
