import { join } from "node:path";
import { exitReason } from "../exit-codes.ts";
import { endOf, lastNote } from "../process-end.ts";
import { type Outcome, problem } from "./check.ts";
import type { Host } from "./host.ts";

const wordsChars = 300;

/** Why the process in `dir` does not run, by its last words; empty when it was stopped in good order or says nothing. */
export async function lastEnd(host: Host, dir: string, program: "daemon" | "broker"): Promise<readonly Outcome[]> {
  const last = await lastNote(dir, program, host.lastLines);
  const end = endOf(last);
  if (end !== null) {
    const { exit_code: code, message, hint, other_instance_id: other } = end;
    const who = other === null ? "" : `; the other daemon is instance ${other}`;
    return [
      problem(
        `it ended with exit code ${code} (${exitReason(code)}): ${message}${who}`,
        hint ?? `claudemesh ${program === "broker" ? "logs --broker" : "logs"} --level error`,
      ),
    ];
  }
  // A program that could not even open its log has said so where it was started from.
  const words = last === null ? (host.text(join(dir, "start.log"))?.trim() ?? "") : "";
  return words === "" ? [] : [problem(`it did not start: ${words.slice(-wordsChars)}`, `claudemesh ${program} up`)];
}
