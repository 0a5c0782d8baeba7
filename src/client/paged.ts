import type { Page } from "../protocol/local-api.ts";

/** A page that was asked for: awaited, it is that page; iterated, every item of it and of the pages after it. */
export type Paged<T> = Promise<Page<T>> & AsyncIterable<T>;

/** `ask` is called at once for the first page, and for each further one when the items before it have been taken. */
export function paged<T>(ask: (next: { readonly cursor?: string }) => Promise<Page<T>>): Paged<T> {
  const first = ask({});
  async function* items(): AsyncGenerator<T, void, undefined> {
    for (let page = await first; ; page = await ask({ cursor: page.next_cursor })) {
      yield* page.items;
      if (page.next_cursor === null) return;
    }
  }
  return Object.assign(first, { [Symbol.asyncIterator]: items });
}
