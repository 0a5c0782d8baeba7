import { Transform } from "node:stream";
import type { TestEvent } from "node:test/reporters";

/** Ends the output with one line of totals, from the runner's own summary of the whole run. */
export default class TotalsReporter extends Transform {
  constructor() {
    super({ writableObjectMode: true });
  }

  #counts: { tests: number; passed: number; skipped: number; todo: number } | null = null;

  override _transform(event: TestEvent, _encoding: BufferEncoding, done: () => void): void {
    // The runner sends a summary per file and, last, one without a file for the whole run.
    if (event.type === "test:summary" && event.data.file === undefined) this.#counts = event.data.counts;
    done();
  }

  override _flush(done: (error: Error | null, text?: string) => void): void {
    const counts = this.#counts;
    if (counts === null) return done(null, "0 passed, 1 failed\n");
    const skipped = counts.skipped + counts.todo;
    // Cancelled ones (a file that crashed or ran out of time) did not pass either.
    const failed = counts.tests - counts.passed - skipped;
    done(null, `${counts.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  }
}
