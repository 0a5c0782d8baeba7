import { spawn } from "node:child_process";

/** What an adapter is asked, without the id that goes with it (README.md). */
export type Request = Readonly<Record<string, unknown>>;

/** What it answers, without that id. */
export type Answer =
  | { readonly ok: true; readonly [member: string]: unknown }
  | { readonly ok: false; readonly code: unknown };

/** A running adapter. */
export interface Adapter {
  /**
   * The answers to so many requests, in their order. May be called again before it resolves, so that the adapter has always
   * something to do. Rejects when the adapter ends, or says what is no answer to what it was asked. `ascii`: what is not ASCII
   * is written as escapes, as some writers of JSON do.
   */
  ask(requests: readonly Request[], form?: { readonly ascii: boolean }): Promise<Answer[]>;
  /** Ends its input, and resolves with its exit code: null when a signal ended it. */
  end(): Promise<number | null>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Some adapters compile before their first answer; none takes this long for one batch. */
const answerTimeoutMs = 280_000;
const stderrCharsMax = 4_000;

interface Batch {
  readonly ids: readonly number[];
  readonly answers: Answer[];
  resolve(answers: Answer[]): void;
  reject(reason: Error): void;
}

/** In this process's environment and folder, unless others are given. */
export function startAdapter(
  [program = "", ...args]: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Adapter {
  const child = spawn(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  const waiting: Batch[] = [];
  let over: Error | null = null;
  let stderr = "";
  let lastId = 0;

  const fail = (why: string): void => {
    over ??= new Error(`${program} ${why}${stderr === "" ? "" : `: ${stderr}`}`);
    child.kill("SIGKILL");
    for (const batch of waiting.splice(0)) batch.reject(over);
  };
  const take = (line: string): void => {
    const batch = waiting[0];
    if (batch === undefined) return fail(`says more than it was asked: ${line.slice(0, 200)}`);
    const answer = read(line, batch.ids[batch.answers.length]);
    if (answer === null) return fail(`says what is no answer: ${line.slice(0, 200)}`);
    batch.answers.push(answer);
    if (batch.answers.length < batch.ids.length) return;
    waiting.shift();
    batch.resolve(batch.answers);
  };
  const closed = new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      fail(`could not be started: ${error.message}`);
      resolve(null);
    });
    child.on("close", (code, signal) => {
      if (waiting.length > 0) fail(`ended with ${code ?? signal}`);
      over ??= new Error(`${program} has ended`);
      resolve(code);
    });
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-stderrCharsMax);
  });
  eachLine(child.stdout, take);
  // An adapter that ends early closes the pipe.
  child.stdin.on("error", () => {});

  return {
    ask(requests, { ascii } = { ascii: false }) {
      const ids = requests.map(() => ++lastId);
      return new Promise<Answer[]>((resolve, reject) => {
        if (over !== null) return reject(over);
        if (ids.length === 0) return resolve([]);
        const timer = setTimeout(() => fail(`gave no answers for ${answerTimeoutMs / 1_000} s`), answerTimeoutMs);
        const settled =
          <T>(settle: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer);
            settle(value);
          };
        waiting.push({ ids, answers: [], resolve: settled(resolve), reject: settled(reject) });
        const text = requests.map((request, index) => `${JSON.stringify({ id: ids[index], ...request })}\n`).join("");
        child.stdin.write(ascii ? escaped(text) : text);
      });
    },
    end() {
      child.stdin.end();
      return closed;
    },
    async kill() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

function escaped(json: string): string {
  return json.replace(/[^\0-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Whole lines without their ends, as UTF-8; what comes after the last end is no line. */
function eachLine(source: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = "";
  source.setEncoding("utf8");
  source.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}

function read(line: string, id: number | undefined): Answer | null {
  try {
    const { id: echoed, ...answer } = JSON.parse(line) as Answer & { id: unknown };
    return echoed === id && typeof answer.ok === "boolean" ? (answer as Answer) : null;
  } catch {
    return null;
  }
}
