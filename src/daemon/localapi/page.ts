import { limits } from "../../protocol/limits.ts";
import { optional, text, whole } from "./shape.ts";

const defaultLimit = 100;
const cursorCharsMax = 256;

/** Query parameters of every list that comes in pages. */
export const pageShape = {
  cursor: optional(text({ charsMax: cursorCharsMax })),
  limit: optional(whole(1, limits.pageItemsMax)),
};

export function readPage(query: { readonly cursor: string | undefined; readonly limit: number | undefined }): {
  cursor: string | null;
  limit: number;
} {
  return { cursor: query.cursor ?? null, limit: query.limit ?? defaultLimit };
}
