import { jsonObject } from "../json-object.ts";
import { claudeCode } from "./assumptions.ts";

/** What a running session says of itself in `~/.claude/sessions/<pid>.json`. */
export interface SessionFile {
  readonly pid: number;
  readonly sessionId: string;
  /** When its process started, in whatever form; null where that is not told. */
  readonly processStart: string | null;
  /** null: it has no inbox socket. */
  readonly socketPath: string | null;
  readonly name: string | null;
  readonly status: string | null;
  readonly version: string | null;
}

const textCharsMax = 4_096;

/** What is longer is none, whoever has put it there. */
export const sessionFileBytesMax = 65_536;

/** null for what is no such file: another version's, cut short, or not of Claude Code at all. */
export function readSessionFile(fileName: string, text: string): SessionFile | null {
  const pid = Number(claudeCode.sessionFile.exec(fileName)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(pid)) return null;
  const fields = jsonObject(text);
  if (fields === null) return null;
  const { sessionFields: names } = claudeCode;
  const word = (name: string): string | null => {
    const found = fields[name];
    if (typeof found === "number") return String(found);
    return typeof found === "string" && found !== "" && found.length <= textCharsMax ? found : null;
  };
  const sessionId = word(names.session);
  const said = fields[names.process];
  if (sessionId === null || (said !== undefined && said !== pid)) return null;
  return {
    pid,
    sessionId,
    processStart: word(names.processStart),
    socketPath: word(names.socket),
    name: word(names.name),
    status: word(names.status),
    version: word(names.version),
  };
}

/** Whether a version's sessions have an inbox socket; null: that cannot be told. */
export function hasInboxSocket(version: string): boolean | null {
  const parts = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (parts === null) return null;
  const least = claudeCode.socketVersion.split(".").map(Number);
  const given = parts.slice(1).map(Number);
  for (const [index, number] of least.entries()) {
    const own = given[index] ?? 0;
    if (own !== number) return own > number;
  }
  return true;
}
