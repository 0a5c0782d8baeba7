import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { processPrint } from "../../base/process-print.ts";
import { readStart } from "../../base/read-start.ts";
import type { HookInput } from "../../protocol/agent-hook-dialect.ts";
import { claudeCode } from "../../protocol/claude-code/assumptions.ts";
import { readSessionFile, type SessionFile, sessionFileBytesMax } from "../../protocol/claude-code/session-file.ts";
import { callingProcess } from "./calling-process.ts";

/** Which process a session is, and how it can be reached. */
export interface SessionPlace {
  readonly process: string | null;
  readonly socketPath: string | null;
  readonly socketToken: string | null;
  /** The agent's name that its user asked for; null: none. */
  readonly agent: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Files that are looked through: the agent waits meanwhile. */
const sessionFilesMax = 1_024;

const nowhere = { process: null, socketPath: null, socketToken: null };

/**
 * Which process a session is, the hook sees by who called it where nothing else says so: versions of Claude Code that tell less, and
 * other kinds. A window that was cleared is known by it. Other events than the first leave to the daemon what it knows already.
 */
export function sessionPlace(kind: string, input: HookInput, env: Environment): SessionPlace {
  const agent = env["CLAUDEMESH_AGENT"] ?? "";
  const place = kind === claudeCode.kind ? claudeCodePlace(input, env) : nowhere;
  return {
    ...place,
    process: place.process ?? (input.moment === "start" ? callingProcess() : null),
    agent: agent === "" ? null : agent,
  };
}

/** As a Claude Code session tells its hooks; what it leaves out, as its file among those of the running sessions does. */
function claudeCodePlace(input: HookInput, env: Environment): Omit<SessionPlace, "agent"> {
  if (isOfAnotherSession(input, env)) return nowhere;
  const said = Number(env[claudeCode.processVariable] ?? "");
  const socket = env[claudeCode.socketVariable] ?? "";
  const known = Number.isSafeInteger(said) && said > 0 ? said : null;
  // Other events than the first leave to the daemon what it knows already.
  const file = input.moment === "start" && (known === null || socket === "") ? sessionFile(input.sessionId, env) : null;
  const pid = known ?? file?.pid ?? null;
  const token = env[claudeCode.tokenVariable] ?? "";
  return {
    process: pid === null ? null : processPrint(pid),
    socketPath: socket !== "" ? socket : (file?.socketPath ?? null),
    socketToken: token === "" ? null : token,
  };
}

/**
 * A session that was started inside another one may have that one's environment: its socket would lead to the wrong context.
 * After `/clear` and the like the id of an environment may be the one of before, of the same process.
 */
function isOfAnotherSession({ source, sessionId }: HookInput, env: Environment): boolean {
  const said = env[claudeCode.sessionVariable] ?? "";
  return said !== "" && said !== sessionId && (source === null || source === "startup");
}

/** Where Claude Code keeps what is the user's. */
export function configFolder(env: Environment): string {
  const given = env[claudeCode.configVariable] ?? "";
  return given === "" ? join(env["HOME"] ?? homedir(), claudeCode.configFolder) : given;
}

function sessionFile(sessionId: string, env: Environment): SessionFile | null {
  return findSessionFile(env, (file) => file.sessionId === sessionId);
}

/** Of the sessions that run, the one whose file answers to it. */
export function findSessionFile(env: Environment, isIt: (file: SessionFile) => boolean): SessionFile | null {
  const folder = join(configFolder(env), claudeCode.sessionsFolder);
  for (const name of namesIn(folder)) {
    // One that ends just now takes its file away.
    const text = readStart(join(folder, name), sessionFileBytesMax)?.toString("utf8");
    const file = text === undefined ? null : readSessionFile(name, text);
    if (file !== null && isIt(file)) return file;
  }
  return null;
}

/** None where there is no such folder: a version without them is found by its hooks alone. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => claudeCode.sessionFile.test(name))
      .slice(0, sessionFilesMax);
  } catch {
    return [];
  }
}
