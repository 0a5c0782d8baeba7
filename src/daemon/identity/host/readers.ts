import { execFile } from "node:child_process";
import { open, readdir } from "node:fs/promises";
import type { Clock } from "../../../base/clock.ts";
import { systemClock } from "../../../base/clock.ts";

/** What is known of this host is read through these alone, so that every system's sources can be tested on any system. */
export interface HostReaders {
  /** As `process.platform` names it. */
  readonly platform: string;
  /** Of the environment; null: not set, or empty. */
  variable(name: string): string | null;
  /** null: it is not there, cannot be read, or does not come in time. */
  readFile(path: string): Promise<string | null>;
  /** Names in a folder; null as above. */
  list(path: string): Promise<readonly string[] | null>;
  /** What a program prints; null where it is not there, fails, prints too much, or is not done in time. */
  run(command: string, args: readonly string[]): Promise<string | null>;
}

/** A source that takes longer is not waited for: a start must not hang on a broken disk or a tool that asks something. */
const readLimitMs = 2_000;
const readBytesMax = 65_536;
const printedBytesMax = 1_048_576;

/** Of the host that this process runs on. Nothing here blocks the loop. */
export function systemReaders(clock: Clock = systemClock): HostReaders {
  return {
    platform: process.platform,
    variable: (name) => process.env[name] || null,
    readFile: (path) => inTime(clock, readStart(path)),
    list: (path) => inTime(clock, readdir(path)),
    run: (command, args) =>
      new Promise((resolve) => {
        execFile(
          command,
          args,
          {
            timeout: readLimitMs,
            killSignal: "SIGKILL",
            maxBuffer: printedBytesMax,
            windowsHide: true,
            encoding: "utf8",
            env: environment(),
          },
          (error, stdout) => resolve(error === null ? stdout : null),
        ).stdin?.end();
      }),
  };
}

/** What the system's own programs need, and nothing that was meant for this one, as a passphrase. */
function environment(): NodeJS.ProcessEnv {
  const needed = ["SystemRoot", "windir", "TEMP", "TMP", "USERPROFILE", "HOME"];
  const kept = needed.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  // Words of another language would not be found in what is printed.
  return { ...Object.fromEntries(kept), LC_ALL: "C", LANG: "C" };
}

/** The beginning of a file: files of the system say themselves to be empty, so their size tells nothing. */
async function readStart(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(readBytesMax), 0, readBytesMax, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

function inTime<T>(clock: Clock, reading: Promise<T>): Promise<T | null> {
  return new Promise((resolve) => {
    const late = clock.after(readLimitMs, () => resolve(null));
    const done = (value: T | null): void => {
      late.cancel();
      resolve(value);
    };
    reading.then(done, () => done(null));
  });
}
