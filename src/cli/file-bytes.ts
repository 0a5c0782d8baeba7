import type { BringingMessage, FileCalls } from "../client/files.ts";
import type { AttachmentView } from "../protocol/attachment.ts";
import { ClaudemeshError } from "../protocol/error.ts";

/** Breaks without a byte between them, after which it is given up. */
const breaksMax = 3;

/**
 * All bytes of a message's file. Where the daemon's answer breaks off, it is asked for the rest: then it goes on, or says why it
 * cannot, which is what this throws. `got` is told how many there are so far.
 */
export async function* fileBytes(
  files: FileCalls,
  message: BringingMessage,
  { file_id, bytes }: AttachmentView,
  signal: AbortSignal,
  got: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let from = 0;
  let breaks = 0;
  for (let first = true; first || from < bytes; first = false) {
    const taken = await files.take(message, file_id, from, { signal });
    try {
      for await (const chunk of taken.chunks) {
        from += chunk.length;
        breaks = 0;
        yield chunk;
        got(from);
      }
    } catch (thrown) {
      const error = ClaudemeshError.from(thrown);
      breaks += 1;
      if (signal.aborted || error.code !== "outcome_unknown" || breaks === breaksMax) throw thrown;
    } finally {
      taken.close();
    }
  }
}
