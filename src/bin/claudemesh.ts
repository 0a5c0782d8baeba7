#!/usr/bin/env node
// No compile cache: with the few modules that one command loads it was measured to gain nothing.
import { writeSync } from "node:fs";
import { main } from "../cli/main.ts";
import { argumentsAreUtf8 } from "./argument-bytes.ts";

const controller = new AbortController();
process.once("SIGINT", () => controller.abort(new DOMException("interrupted", "AbortError")));
// As often as it comes: where a whole group is told, as by `timeout`, the launcher passes its own on as well, and a second
// one must not cut off the last words. A second Ctrl-C may: somebody wants it over.
process.on("SIGTERM", () => controller.abort(new DOMException("told to stop", "AbortError")));
// `claudemesh inbox | head` closes the pipe early: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), {
  wordsAreUtf8: argumentsAreUtf8(),
  env: process.env,
  stdin() {
    // Whoever reads it is waiting, perhaps for ever: `tail -f log | claudemesh send …`.
    controller.signal.addEventListener("abort", () => process.stdin.destroy());
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  handOver,
  launcher: async () => (await import("./launcher.ts")).launcher,
  signal: controller.signal,
});

/** Past the stream, which would tell of a closed pipe later, when whoever asked has gone on. */
function handOver(text: string, to: "stdout" | "stderr" = "stdout"): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(to === "stdout" ? 1 : 2, bytes, written);
}
