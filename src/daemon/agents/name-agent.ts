import { isName } from "../../protocol/address.ts";
import { limits } from "../../protocol/limits.ts";
import type { SessionKey, SessionReport } from "./agents.ts";

/**
 * Which agent a session is. An address outlives sessions, so it is looked for in this order:
 *
 * 1. The session is known: it is the agent that it was (a restart, a resume).
 * 2. Its process is known: after `/clear`, `/compact` or a resume in the same window it is that window's agent under a new session id;
 *    and an MCP server beside a session is that session's agent, whichever of the two is there first.
 * 3. The name that its user asked for.
 * 4. An agent of its folder with nobody behind it: names that were chosen first, then the eldest.
 * 5. A new agent, named after the folder.
 *
 * Nobody takes the name of an agent with another live session: a second window, or a fork, gets the next free of `name-2`, `name-3` …,
 * and the one before keeps its name.
 */
export interface KnownAgent {
  readonly name: string;
  /** "": of every program. */
  readonly kind: string;
  readonly chosen: boolean;
  readonly createdAt: number;
}

export interface KnownSession extends SessionKey {
  readonly agent: string;
  readonly process: string;
  readonly socketPath: string;
  /** It is there: not ended, its lease not over, its process not gone. */
  readonly live: boolean;
  readonly lastSeenAt: number;
}

/** What is known, asked for as far as it is needed. */
export interface Known {
  session(key: SessionKey): KnownSession | null;
  /** Of that process, or at that socket. */
  sessionsLike(report: SessionReport): readonly KnownSession[];
  /** The present name of an agent that has or had it. */
  nameOf(name: string): string | null;
  agentsOf(project: string): readonly KnownAgent[];
  liveOf(agent: string): readonly KnownSession[];
}

export interface Named {
  readonly agent: string;
  /** It is to be made. `chosen`: its user gave the name. */
  readonly made: { readonly chosen: boolean } | null;
  /** It would have been that one, which another session is now. */
  readonly renamedFrom: string | null;
  /** Sessions that this one takes the place of, in one process. */
  readonly replaces: readonly SessionKey[];
}

/** Source of an MCP server: the session proper tells of itself later, or was there before, or has no hooks that could. */
export const besideSession = "mcp";

const continuing = new Set(["clear", "compact", "resume"]);

export function nameAgent(key: SessionKey, report: SessionReport, known: Known): Named {
  const alike = known
    .sessionsLike(report)
    .filter((other) => !isSame(other, key) && isSameProcess(other, report))
    .sort((a, b) => b.lastSeenAt - a.lastSeenAt);
  // One coding agent works in one session at a time: those before, in its process, are over.
  const replaces = alike.filter((other) => other.live && other.kind === key.kind && continuing.has(report.source));
  const isFree = (agent: string): boolean =>
    known.liveOf(agent).every((other) => isSame(other, key) || isSameProcess(other, report));
  const existing = (agent: string, renamedFrom: string | null = null): Named => ({
    agent,
    made: null,
    renamedFrom,
    replaces,
  });
  const ofProject = known
    .agentsOf(report.cwd)
    // A server beside a session starts before it, and belongs to whichever program starts it.
    .filter(({ kind }) => kind === "" || kind === key.kind || report.source === besideSession)
    .sort(
      (a, b) => Number(b.chosen) - Number(a.chosen) || a.createdAt - b.createdAt || a.name.localeCompare(b.name, "en"),
    );
  /** The first of `base`, `base-2` … that nobody has, or that is this folder's and has nobody behind it. */
  function next(base: string, renamedFrom: string | null): Named {
    for (let number = 1; ; number++) {
      const suffix = number === 1 ? "" : `-${number}`;
      const name = `${base.slice(0, limits.nameCharsMax - suffix.length)}${suffix}`;
      // A name that an agent had is still its own: mail to it arrives there.
      const owner = known.nameOf(name);
      if (owner === null) return { agent: name, made: { chosen: false }, renamedFrom, replaces };
      if (ofProject.some((agent) => agent.name === name) && isFree(name)) return existing(name, renamedFrom);
    }
  }

  const before = known.session(key);
  const own = before !== null && known.nameOf(before.agent) === before.agent ? before.agent : null;
  if (own !== null && isFree(own)) return existing(own);

  const there = alike.filter((other) => known.nameOf(other.agent) === other.agent);
  const earlier = there.find((other) => other.kind === key.kind && (!other.live || continuing.has(report.source)));
  const beside = there.find((other) => other.kind !== key.kind && other.live);
  // What it was, if it was away for longer than its lease and another session has that name by now.
  const was = own ?? earlier?.agent ?? null;
  for (const sibling of [earlier, beside])
    if (sibling !== undefined && isFree(sibling.agent))
      return existing(sibling.agent, was === sibling.agent ? null : was);

  if (report.agent !== null && was === null) {
    const asked = known.nameOf(report.agent);
    if (asked === null) return { agent: report.agent, made: { chosen: true }, renamedFrom: null, replaces };
    return isFree(asked) ? existing(asked) : next(asked, asked);
  }

  const free = ofProject.find(({ name }) => isFree(name));
  if (free !== undefined) return existing(free.name, was);
  const chosen = ofProject.find((agent) => agent.chosen);
  return next(was ?? chosen?.name ?? nameOfFolder(report.cwd, key.kind), was);
}

/** As addresses write it: `/home/ann/My Project` is `my-project`. */
function nameOfFolder(path: string, otherwise: string): string {
  const folder = path.split(/[/\\]/).findLast((part) => part !== "") ?? "";
  const name = folder
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, limits.nameCharsMax);
  return isName(name) ? name : isName(otherwise) ? otherwise.toLowerCase() : "agent";
}

function isSame(a: SessionKey, b: SessionKey): boolean {
  return a.kind === b.kind && a.sessionId === b.sessionId;
}

/** By what both told: the process where each knows it, else the socket. A path alone may be another process's by now. */
function isSameProcess(
  other: Pick<KnownSession, "process" | "socketPath">,
  report: Pick<SessionReport, "process" | "socketPath">,
): boolean {
  if (other.process !== "" && report.process !== "") return other.process === report.process;
  return other.socketPath !== "" && other.socketPath === report.socketPath;
}
