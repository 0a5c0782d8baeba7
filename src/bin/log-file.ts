import { appendFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { pino } from "pino";
import { createStream } from "rotating-file-stream";
import type { Log } from "../base/log.ts";

/** A new file begins at this size and each day; with one a day, this many files are two weeks. */
const fileSizeMax = "100M";
const filesMax = 14;

/** Values under these names never reach the file, whoever passes them by mistake. */
const secretNames = [
  "token",
  "authorization",
  "password",
  "secret",
  "sealing_secret",
  "ed25519_privkey",
  "x25519_privkey",
  "private_key",
];

export interface LogFile {
  readonly log: Log;
  /** Writes what is buffered. Nothing may be logged afterwards. */
  close(): Promise<void>;
  /** For the last words of a process that cannot wait for the buffer. */
  writeNow(fields: Record<string, unknown>, message: string): void;
}

/** A log of JSON lines at `path` (0600), rotated at 100 MB and daily, 14 files kept. */
export function openLogFile(path: string, options: { readonly name: string; readonly level: string }): LogFile {
  const stem = basename(path, ".log");
  const stream = createStream(
    (time, index) =>
      time === null ? `${stem}.log` : `${stem}-${new Date(time).toISOString().slice(0, 10)}-${index ?? 0}.log`,
    {
      path: dirname(path),
      size: fileSizeMax,
      interval: "1d",
      intervalUTC: true,
      maxFiles: filesMax,
      mode: 0o600,
      history: `.${stem}-log-files`,
    },
  );
  // A full disk must not end the process: it has messages to keep, and the log is not one of them.
  stream.on("error", () => {});
  stream.on("warning", () => {});
  return {
    log: createLog(stream, options),
    close: () =>
      new Promise((resolve) => {
        if (stream.destroyed || stream.errored) return resolve();
        stream.once("error", () => resolve());
        stream.end(() => resolve());
      }),
    writeNow(fields, message) {
      const line = lastWords(options.name, fields, message);
      try {
        appendFileSync(path, line, { mode: 0o600 });
      } catch {
        process.stderr.write(line);
      }
    },
  };
}

/** The same lines on a stream that somebody else keeps, as a container's or a service's. */
export function openLogStream(
  stream: NodeJS.WritableStream,
  options: { readonly name: string; readonly level: string; readonly mesh?: string },
): LogFile {
  return {
    log: createLog(stream, options),
    close: () => new Promise((resolve) => void stream.write("", () => resolve())),
    writeNow: (fields, message) => void stream.write(lastWords(options.name, fields, message)),
  };
}

/** Everything goes to `main`; a process's notes of its start and end, by which others know it, also to `notes`. */
export function withNotesIn(notes: LogFile, main: LogFile): LogFile {
  const isNote = (fields: Record<string, unknown>): boolean => "exit_code" in fields || fields["started"] === true;
  const both =
    (level: keyof Log) =>
    (fields: Record<string, unknown>, message: string): void => {
      main.log[level](fields, message);
      if (isNote(fields)) notes.log[level](fields, message);
    };
  return {
    log: { debug: both("debug"), info: both("info"), warn: both("warn"), error: both("error") },
    close: async () => void (await Promise.all([main.close(), notes.close()])),
    writeNow(fields, message) {
      main.writeNow(fields, message);
      if (isNote(fields)) notes.writeNow(fields, message);
    },
  };
}

function createLog(
  stream: NodeJS.WritableStream,
  options: { readonly name: string; readonly level: string; readonly mesh?: string },
): Log {
  const { mesh } = options;
  const logger = pino(
    {
      name: options.name,
      // Which of several daemons writes to the one stream.
      ...(mesh === undefined ? {} : { mixin: () => ({ mesh }) }),
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `headers.${name}`]), censor: "[redacted]" },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    stream,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function lastWords(name: string, fields: Record<string, unknown>, message: string): string {
  return `${JSON.stringify({ level: 60, time: new Date().toISOString(), name, pid: process.pid, ...fields, msg: message })}\n`;
}
