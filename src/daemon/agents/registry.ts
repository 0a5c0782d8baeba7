import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { AgentsTold } from "../../protocol/agent-frames.ts";
import type { AgentForgotten, AgentList, AgentView } from "../../protocol/agents-api.ts";
import { checkName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { InboxDatabase } from "../inbox/inbox-database.ts";
import type { InboxQueries } from "../inbox/queries.ts";
import type { Self } from "../resolve-address.ts";
import { type Attached, attachAgent } from "./attach-agent.ts";
import { agentView, liveSession } from "./agent-view.ts";
import type { AgentRow } from "./agent-queries.ts";
import {
  type AgentChange,
  type Agents,
  type LiveSession,
  type SessionKey,
  type SessionReport,
  sessionText,
} from "./agents.ts";
import { createLeaseEnds, type LeaseEnds } from "./lease-ends.ts";
import { endOverdue, endSession, reportSession } from "./sessions.ts";
import { ownTold } from "./told.ts";
import { agentNamed, nameTaken, noSession } from "./which-agent.ts";

export interface RegistryOptions {
  readonly database: InboxDatabase;
  readonly self: Self;
  /** `[agents] default` and `announce`, as they are now. */
  readonly settings: () => { readonly default: string | null; readonly announce: boolean };
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the process of a print is there; null: not known. */
  readonly processLives: (print: string) => boolean | null;
}

export function createAgents(options: RegistryOptions): Agents {
  return new Registry(options);
}

/**
 * Everything but the tokens is in inbox.db, and every change one commit with the events that tell of it. An agent is online while a
 * session of it has not ended; a lease that runs out ends one, by a timer and at the next start.
 */
class Registry implements Agents {
  readonly #options: RegistryOptions;
  readonly #listeners = new Set<(change: AgentChange) => void>();
  /** Tokens of sockets, by session. They end with the process and are in no answer. */
  readonly #tokens = new Map<string, string>();
  readonly #leaseEnds: LeaseEnds;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#leaseEnds = createLeaseEnds({ ...options, endOverdue: () => this.#endOverdue() });
  }

  /** After the inbox. What ended while no daemon looked is told now. */
  async start(): Promise<void> {
    await this.#endOverdue();
  }

  async stop(): Promise<void> {
    this.#leaseEnds.stop();
    this.#listeners.clear();
  }

  list(): AgentList {
    const queries = this.#read();
    const fallback = this.default();
    return {
      items: queries.agents().map((row) => this.#view(queries, row, fallback)),
      default: fallback,
      undecided: fallback === null ? queries.unreadToNobody() : 0,
      unclaimed: queries.unclaimed(),
    };
  }

  view(name: string): AgentView {
    const queries = this.#read();
    return this.#view(queries, agentNamed(queries, name), this.default());
  }

  nameOf(written: string): string | null {
    const queries = this.#read();
    return queries.agent(written)?.name ?? queries.formerOwner(written);
  }

  async attach(name: string, to: Attached): Promise<AgentView> {
    const { now } = this.#now();
    const { touched } = await this.#change((queries) => ({
      touched: attachAgent(queries, name, to, { now, others: (agent, but) => this.#others(queries, agent, but) }),
    }));
    return this.view(touched.at(-1) ?? name);
  }

  sessionAt(socketPath: string): SessionKey | null {
    const { now } = this.#now();
    const row = this.#read()
      .sessionsAtSocket(socketPath)
      .find((one) => one.ended_at === null && one.lease_until > now);
    return row === undefined ? null : { kind: row.kind, sessionId: row.session_id };
  }

  async rename(name: string, to: string): Promise<AgentView> {
    const { now } = this.#now();
    await this.#change((queries) => {
      const { name: from } = agentNamed(queries, name);
      if (from === to) return { touched: [] };
      const owner = queries.agent(to)?.name ?? queries.formerOwner(to);
      if (owner !== null && owner !== from)
        throw nameTaken(
          to,
          queries.agent(to) === null ? `it was ${owner}'s, whose mail arrives by it` : "an agent has it",
        );
      queries.renameAgent(from, to, now);
      return { touched: [from, to] };
    });
    return this.view(to);
  }

  async forget(name: string): Promise<AgentForgotten> {
    const { forgotten } = await this.#change((queries) => {
      const agent = agentNamed(queries, name).name;
      const waiting = [agent, ...queries.formerNames(agent)].reduce((sum, one) => sum + queries.unreadTo(one), 0);
      queries.forgetAgent(agent);
      return { touched: [agent], forgotten: { name: agent, waiting } };
    });
    return forgotten;
  }

  async addTopic(name: string, topic: string): Promise<AgentView> {
    await this.#change((queries) => {
      const { name: agent } = agentNamed(queries, name);
      const topics = queries.topicsOfAgent(agent);
      if (topics.includes(topic)) return { touched: [] };
      if (topics.length >= limits.agentTopicsMax)
        throw new ClaudemeshError("too_many_agents", `an agent has at most ${limits.agentTopicsMax} topics`);
      queries.putAgentTopic(agent, topic);
      return { touched: [agent] };
    });
    return this.view(name);
  }

  async dropTopic(name: string, topic: string): Promise<AgentView> {
    await this.#change((queries) => {
      const { name: agent } = agentNamed(queries, name);
      queries.dropAgentTopic(agent, topic);
      return { touched: [agent] };
    });
    return this.view(name);
  }

  async report(key: SessionKey, report: SessionReport) {
    const { now, leaseUntil } = this.#now();
    const asked = report.agent === null ? null : checkName(report.agent, "agent");
    const told = { ...report, agent: asked };
    const moment = { now, leaseUntil, isGone: (row: { readonly process: string }) => this.#isGone(row) };
    const { agent, renamedFrom } = await this.#change((queries) => reportSession(queries, key, told, moment), key);
    if (report.socketToken !== null) this.#tokens.set(sessionText(key), report.socketToken);
    this.#leaseEnds.lookAt(leaseUntil);
    return {
      agent,
      address: this.#address(agent),
      renamed_from: renamedFrom,
      lease_until: rfc3339(leaseUntil),
    };
  }

  async heard(key: SessionKey, busy?: boolean) {
    const { now, leaseUntil } = this.#now();
    const { agent } = await this.#change((queries) => {
      const row = queries.session(key);
      if (row === null) throw noSession();
      // Whoever comes back after its lease may find another session behind its name: it has to report, and is told its new one.
      if (row.ended_at !== null && this.#others(queries, row.agent, key).length > 0) throw noSession();
      queries.heardOf(key, now, leaseUntil, busy);
      queries.seenAgent(row.agent, now);
      return { touched: [row.agent], agent: row.agent };
    }, key);
    this.#leaseEnds.lookAt(leaseUntil);
    return { agent, lease_until: rfc3339(leaseUntil) };
  }

  async ended(key: SessionKey) {
    const { now } = this.#now();
    const { agent } = await this.#change((queries) => {
      const row = queries.session(key);
      if (row === null) throw noSession();
      endSession(queries, row, now);
      return { touched: [row.agent], agent: row.agent };
    }, key);
    this.#tokens.delete(sessionText(key));
    return { agent, lease_until: null };
  }

  sessionsOf(agent: string): readonly LiveSession[] {
    const { now } = this.#now();
    return this.#read()
      .liveSessionsOf(agent, now)
      .map((row) =>
        liveSession(row, this.#tokens.get(sessionText({ kind: row.kind, sessionId: row.session_id })) ?? null),
      );
  }

  session(key: SessionKey): LiveSession | null {
    const { now } = this.#now();
    const row = this.#read().session(key);
    if (row === null || row.ended_at !== null || row.lease_until <= now) return null;
    return liveSession(row, this.#tokens.get(sessionText(key)) ?? null);
  }

  agentsFor: Agents["agentsFor"] = (message) => {
    const queries = this.#read();
    if (message.topic !== null) return queries.agentsOfTopic(message.topic, message.inbox_id);
    const agent = message.agent === null ? this.default() : this.nameOf(message.agent);
    return agent === null ? [] : [agent];
  };

  namesOf(agent: string): readonly string[] {
    return [agent, ...this.#read().formerNames(agent)];
  }

  default(): string | null {
    const { default: chosen } = this.#options.settings();
    if (chosen !== null) return this.nameOf(chosen);
    return this.#read().onlyAgent();
  }

  names(): readonly string[] {
    return this.#read()
      .agents()
      .map(({ name }) => name);
  }

  there(): readonly string[] {
    const { now } = this.#now();
    return this.#read().agentsThere(now);
  }

  hasWritten(memberId: string, agent: string): boolean {
    return this.#read().hasWritten(memberId, agent);
  }

  told(): AgentsTold {
    return ownTold(this.#read(), this.#options.settings().announce);
  }

  onChange(listener: (change: AgentChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * One commit, and what `job` answers of it. `touched` are the names of the agents that it changed: who of them came or went by it is
   * told in the same commit, and afterwards to listeners.
   */
  async #change<T extends { readonly touched: readonly string[] }>(
    job: (queries: InboxQueries) => T,
    session: SessionKey | null = null,
  ): Promise<T> {
    const { now } = this.#now();
    const { answer, changes } = await this.#options.database.write((_db, queries) => {
      const before = new Set(queries.onlineAgents());
      const made = job(queries);
      const told = [...new Set(made.touched)].map((agent) => {
        const online = queries.isOnline(agent);
        if (online !== before.has(agent)) this.#addEvent(queries, agent, online, now);
        return { agent, online };
      });
      return { answer: made, changes: told };
    });
    for (const change of changes) for (const listener of this.#listeners) listener({ ...change, session });
    return answer;
  }

  #addEvent(queries: InboxQueries, agent: string, online: boolean, now: number): void {
    const { memberId, name } = this.#options.self;
    const data = { member_id: memberId, name, agent, address: this.#address(agent), self: true };
    queries.addEvent(online ? "agent_online" : "agent_offline", now, null, JSON.stringify(data));
  }

  /** Ends what is overdue, and looks again when the next lease ends. */
  async #endOverdue(): Promise<void> {
    const { now } = this.#now();
    await this.#change((queries) => {
      const rows = endOverdue(queries, now);
      queries.forgetSessions(limits.agentSessionsMax, limits.agentSessionsMax);
      return { touched: rows.map(({ agent }) => agent) };
    });
    // A token outlives a lease: the session may only have slept. It goes with its process at the latest.
    const next = this.#read().nextLeaseEnd();
    if (next !== null) this.#leaseEnds.lookAt(next);
  }

  /** Live sessions of an agent besides one, those of its own process left out. */
  #others(queries: InboxQueries, agent: string, but: SessionKey | null) {
    const { now } = this.#now();
    const own = but === null ? null : queries.session(but);
    return queries
      .liveSessionsOf(agent, now)
      .filter(
        ({ kind, session_id, process }) =>
          !(kind === but?.kind && session_id === but.sessionId) &&
          !(process !== "" && process === own?.process) &&
          !this.#isGone({ process }),
      );
  }

  /** Its process is known not to be there any more. */
  #isGone({ process }: { readonly process: string }): boolean {
    return process !== "" && this.#options.processLives(process) === false;
  }

  #view(queries: InboxQueries, row: AgentRow, fallback: string | null): AgentView {
    return agentView(queries, row, {
      now: this.#options.clock.now(),
      address: this.#address(row.name),
      isDefault: fallback === row.name,
    });
  }

  #address(agent: string): string {
    return `@${this.#options.self.name}/${agent}`;
  }

  #read(): InboxQueries {
    return this.#options.database.read((_db, queries) => queries);
  }

  #now(): { readonly now: number; readonly leaseUntil: number } {
    const now = this.#options.clock.now();
    return { now, leaseUntil: now + limits.presenceLeaseMs };
  }
}
