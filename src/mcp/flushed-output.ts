import { Writable } from "node:stream";

/**
 * An output whose every write counts as done only when the bytes have gone out: what waits for room in the pipe is not
 * taken for sent.
 */
export function flushedOutput(output: Writable): Writable {
  const flushed = new Writable({
    // Always "full": whoever writes waits for the drain, and that comes with the last byte.
    highWaterMark: 0,
    decodeStrings: false,
    write(chunk: string | Uint8Array, encoding, done) {
      if (typeof chunk === "string") output.write(chunk, encoding, done);
      else output.write(chunk, done);
    },
  });
  // One listener for each result that waits at the same time.
  flushed.setMaxListeners(0);
  output.on("error", (error) => flushed.destroy(error));
  return flushed;
}
