import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Lifetime, onEnd } from "../../test/support/on-end.ts";
import { Unfit } from "./unfit.ts";

/** The answer of a driver to one request. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Readonly<Record<string, unknown>> };

/** A driver's process: one client of an SDK, told what to do. */
export interface Driver {
  /** One at a time. Throws Unfit when the driver ends, says something else, or nothing in time. */
  ask(op: string, members: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Whether it can be asked again: it runs, and owes no answer. */
  idle(): boolean;
  kill(): void;
}

/** Longer than any scenario waits for one answer: what takes this long hangs. */
const answerTimeoutMs = 60_000;
/** The first answer of all may have to wait for a compiler. */
export const firstAnswerTimeoutMs = 280_000;
const stderrCharsMax = 4_000;

/** Its environment is `env` alone. */
export function startDriver(
  t: Lifetime,
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  timeoutMs = answerTimeoutMs,
): Driver {
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  let waiting: { resolve(line: string): void; reject(reason: Unfit): void } | null = null;
  let over: string | null = null;
  let stderr = "";
  let asked = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-stderrCharsMax);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    waiting?.resolve(line);
    waiting = null;
  });
  const ended = new Promise<void>((resolve) => {
    const end = (reason: string): void => {
      over ??= reason;
      waiting?.reject(new Unfit(`the driver ${over} ${stderr}`));
      waiting = null;
      resolve();
    };
    child.on("error", (error) => end(`could not be started: ${error.message}`));
    child.on("close", (code, signal) => end(`ended with ${code ?? signal}:`));
  });
  child.stdin.on("error", () => {});
  onEnd(t, async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    idle: () => over === null && waiting === null,
    kill: () => void child.kill("SIGKILL"),
    async ask(op, members) {
      if (over !== null) throw new Unfit(`the driver ${over} ${stderr}`);
      if (waiting !== null) throw new Unfit("the driver has not answered its last request yet");
      asked += 1;
      const id = asked;
      const timer = setTimeout(() => {
        waiting?.reject(new Unfit(`the driver gave no answer in ${timeoutMs / 1_000} s; ${stderr}`));
        child.kill("SIGKILL");
      }, timeoutMs);
      try {
        const line = await new Promise<string>((resolve, reject) => {
          waiting = { resolve, reject };
          child.stdin.write(`${JSON.stringify({ id, op, ...members })}\n`);
        });
        return readAnswer(line, id);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function readAnswer(line: string, id: number): Answer {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw new Unfit(`the driver answered something that is not JSON: ${line.slice(0, 400)}`);
  }
  if (answer["id"] !== id) throw new Unfit(`the driver answered request ${String(answer["id"])}, not ${id}`);
  if (answer["ok"] === true && Object.hasOwn(answer, "value")) return { ok: true, value: answer["value"] };
  const error = answer["error"];
  if (answer["ok"] === false && typeof error === "object" && error !== null)
    return { ok: false, error: error as Readonly<Record<string, unknown>> };
  throw new Unfit(`the driver's answer has neither a value nor an error: ${line.slice(0, 400)}`);
}
