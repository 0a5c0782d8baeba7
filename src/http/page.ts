import { limits } from "../protocol/limits.ts";
import { described, type Field, optional, text, whole } from "./shape.ts";
import { listing, nullable, view } from "./view.ts";

const defaultLimit = 100;

/** Query parameters of every list that comes in pages. */
export const pageShape = {
  cursor: described(optional(text({ charsMax: limits.cursorCharsMax })), "`next_cursor` of the page before"),
  limit: described(optional(whole(1, limits.pageItemsMax)), "Entries of one page", { default: defaultLimit }),
};

export function readPage(query: { readonly cursor: string | undefined; readonly limit: number | undefined }): {
  cursor: string | null;
  limit: number;
} {
  return { cursor: query.cursor ?? null, limit: query.limit ?? defaultLimit };
}

/** The answer that is one page. */
export function pageOf<T>(
  item: Field<T>,
): Field<{ readonly items: readonly T[]; readonly next_cursor: string | null }> {
  return view({
    items: listing(item),
    next_cursor: described(nullable(text()), "Pass as `cursor` for the next page; null at the end"),
  });
}
