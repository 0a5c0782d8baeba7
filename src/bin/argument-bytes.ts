import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

/**
 * Whether the words that this process was called with are UTF-8. Node gives them mended, U+FFFD for what is not, and only
 * Linux shows the bytes: elsewhere they are taken for what they look like.
 */
export function argumentsAreUtf8(): boolean {
  if (!process.argv.some((word) => word.includes("\ufffd"))) return true;
  try {
    return isUtf8(readFileSync("/proc/self/cmdline"));
  } catch {
    return true;
  }
}
