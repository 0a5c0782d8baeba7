#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded: the second start then finds its modules compiled. Where the cache cannot be written
// Node goes on without one. It lies in the system's temporary folder, or where NODE_COMPILE_CACHE says.
enableCompileCache();

const controller = new AbortController();
process.once("SIGINT", () => controller.abort(new DOMException("interrupted", "AbortError")));
process.once("SIGTERM", () => controller.abort(new DOMException("told to stop", "AbortError")));
// `claudemesh inbox | head` closes the pipe early: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const { main } = await import("../cli/main.ts");
process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  launcher: async () => (await import("./launch-pair.ts")).launcher,
  signal: controller.signal,
});
