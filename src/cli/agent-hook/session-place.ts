import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { processPrint } from "../../base/process-print.ts";
import type { HookInput } from "../../protocol/agent-hook-dialect.ts";
import { claudeCode } from "../../protocol/claude-code/assumptions.ts";
import { readSessionFile, type SessionFile } from "../../protocol/claude-code/session-file.ts";
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

const nowhere = { process: null, socketPath: null, socketToken: null };

/** Sessions of other kinds have no socket; which process they are, the hook sees by who called it. */
export function sessionPlace(kind: string, input: HookInput, env: Environment): SessionPlace {
  const agent = env["CLAUDEMESH_AGENT"] ?? "";
  const place = kind === claudeCode.kind ? claudeCodePlace(input, env) : otherPlace(input);
  return { ...place, agent: agent === "" ? null : agent };
}

/** Other events than the first leave to the daemon what it knows already. */
function otherPlace({ moment }: HookInput): Omit<SessionPlace, "agent"> {
  return moment === "start" ? { ...nowhere, process: callingProcess() } : nowhere;
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
  const folder = join(configFolder(env), claudeCode.sessionsFolder);
  try {
    for (const name of readdirSync(folder)) {
      if (!claudeCode.sessionFile.test(name)) continue;
      const file = readSessionFile(name, readFileSync(join(folder, name), "utf8"));
      if (file?.sessionId === sessionId) return file;
    }
  } catch {
    // No such folder, or a session that ends just now takes its file away: a version without them is found by its hooks alone.
  }
  return null;
}
