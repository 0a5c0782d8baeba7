import assert from "node:assert/strict";
import type { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Lines of a running command's standard output, each as it comes; fails when there is none any more. */
export function lineReader(child: ReturnType<typeof spawn>): () => Promise<string> {
  assert.ok(child.stdout !== null);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    assert.ok(done !== true, "the command ended");
    return value as string;
  };
}

/** What a command wrote to standard error until it ended, and its exit code. */
export async function ended(child: ReturnType<typeof spawn>): Promise<{ code: number | null; stderr: string }> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr };
}
