/**
 * Behaves as a coding agent that takes its turns from standard input: a line of input is a turn, and its result a line of
 * output. What the first word of the argument says comes of each: `answer`, `fail`, or `die` (it ends before the turn does).
 */
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [does = "answer", seen = ""] = process.argv.slice(2);
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

say({ type: "system", subtype: "init", session_id: "s-1" });
process.stdout.write("a line that is no JSON\n");
let turns = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { message } = JSON.parse(line) as { readonly message: { readonly content: string } };
  appendFileSync(seen, `${JSON.stringify(message.content)}\n`);
  turns += 1;
  if (does === "die") process.exit(3);
  say({ type: "assistant", message: { content: [{ type: "text", text: "working" }] } });
  if (does === "fail") say({ type: "result", subtype: "error_during_execution", is_error: true });
  else say({ type: "result", subtype: "success", is_error: false, result: `turn ${turns} done`, session_id: "s-1" });
}
