import { chunkBytes } from "./file-format.ts";

/** The same bytes in chunks of 1 MiB, the last one shorter; none for no bytes. At most two chunks are in memory. */
export async function* cut(incoming: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const piece of incoming) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + chunkBytes - held);
      parts.push(taken);
      held += taken.length;
      at += taken.length;
      if (held < chunkBytes) continue;
      yield Buffer.concat(parts, held);
      parts = [];
      held = 0;
    }
  }
  if (held > 0) yield Buffer.concat(parts, held);
}
