import type { Input } from "../command.ts";

/** A tool's answer may be large; what is larger still is no call that must be answered. */
const bytesMax = 16_777_216;

/** null: it is too much, or did not end in time. */
export async function readHookStdin(stdin: Input, signal: AbortSignal): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const late = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const words = stdin[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([words.next(), late]);
    if (next?.done === true) return Buffer.concat(chunks, bytes).toString("utf8");
    bytes += next?.value.length ?? 0;
    if (next === null || bytes > bytesMax) {
      // Whoever keeps the pipe open must not keep this process.
      stdin.destroy?.();
      return null;
    }
    chunks.push(next.value);
  }
}
