import type { Address } from "../protocol/address.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Agents } from "./agents/agents.ts";
import type { Directory } from "./parts.ts";
import { suggest } from "../protocol/suggest.ts";

/** Where a message goes, as an envelope names it. */
export interface Destination {
  readonly kind: "dm" | "topic" | "queue";
  readonly ref: string;
}

/** The agents behind this member as its own daemon knows them, and those of others that have written to it. */
export type KnownAgents = Pick<Agents, "nameOf" | "names" | "hasWritten">;

export interface Self {
  readonly memberId: string;
  readonly name: string;
}

/**
 * Resolves before anything is stored, so that a name which does not exist is an error and not a row that dies later.
 * Throws unknown_destination with near names, directory_unavailable while none has ever been seen. The member's own
 * address needs no directory.
 */
export function resolveAddress(
  address: Address,
  directory: Directory | null,
  self: Self,
  known: KnownAgents | null = null,
): Destination {
  switch (address.kind) {
    case "member": {
      const memberId = resolveMember(address, directory, self);
      if (address.agent !== null) requireAgent(address.agent, memberId, directory, self, known);
      return { kind: "dm", ref: address.agent === null ? memberId : `${memberId}/${address.agent}` };
    }
    case "topic": {
      const { topics } = seen(directory);
      const topic = topics.find((candidate) => candidate.name === address.name);
      if (topic === undefined) throw unknownTopic(address.name, topics);
      return { kind: "topic", ref: topic.name };
    }
    case "queue": {
      const { queues = [] } = seen(directory);
      if (queues.some(({ name }) => name === address.name)) return { kind: "queue", ref: address.name };
      throw unknownQueue(address.name, queues);
    }
  }
}

/** member_id of a member's address. */
export function resolveMember(
  address: Extract<Address, { kind: "member" }>,
  directory: Directory | null,
  self: Self,
): string {
  if (address.byId) {
    if (address.member === self.memberId) return self.memberId;
    if (seen(directory).members.some((member) => member.member_id === address.member)) return address.member;
    throw unknown(`@${address.member}`, [], "claudemesh members");
  }
  if (address.member === self.name.toLowerCase()) return self.memberId;
  const { members, names, expired } = seen(directory);
  const member = members.find((candidate) => candidate.name.toLowerCase() === address.member);
  if (member !== undefined) return member.member_id;
  // A name stays its member's when the member takes another one.
  const once = names?.get(address.member);
  if (once === self.memberId || members.some((candidate) => candidate.member_id === once)) return String(once);
  if (once !== undefined) {
    throw new ClaudemeshError(
      "unknown_destination",
      `@${address.member} ${expired?.includes(once) === true ? "was ephemeral, and the broker has forgotten it" : "has left this mesh, or was revoked"}`,
      {
        hint: "claudemesh members",
        details: { to: `@${address.member}`, suggestions: [] },
      },
    );
  }
  throw unknown(
    `@${address.member}`,
    [...members.map((candidate) => `@${candidate.name}`), `@${self.name}`],
    "claudemesh members",
  );
}

/**
 * An agent that a member does not have is refused where all of its agents are known; else the message waits at the member for whoever
 * takes that name.
 */
function requireAgent(
  agent: string,
  memberId: string,
  directory: Directory | null,
  self: Self,
  known: KnownAgents | null,
): void {
  const member = directory?.members.find(({ member_id }) => member_id === memberId);
  const isSelf = memberId === self.memberId;
  const told = isSelf ? null : member?.agents_told;
  if (isSelf ? known === null || known.nameOf(agent) !== null : told === undefined) return;
  const names = isSelf ? (known?.names() ?? []) : (member?.agents ?? []);
  if (names.includes(agent) || told?.former.includes(agent) === true) return;
  // What it wrote may have come before the news of it: an answer goes where it is asked for.
  if (!isSelf && known?.hasWritten(memberId, agent) === true) return;
  const of = `@${isSelf ? self.name : (member?.name ?? memberId)}`;
  const suggestions = suggest(agent, new Set(names)).map((name) => `${of}/${name}`);
  throw new ClaudemeshError("unknown_destination", `${of} has no agent ${agent}`, {
    hint:
      suggestions.length > 0
        ? `did you mean ${suggestions.join(" or ")}?`
        : `send to ${of}; ${isSelf ? "claudemesh agent list" : "claudemesh members"} shows the agents that there are`,
    details: { to: `${of}/${agent}`, suggestions },
  });
}

/** The refusal of a topic that is not there, with the names near it. */
export function unknownTopic(name: string, topics: readonly { readonly name: string }[]): ClaudemeshError {
  return unknown(
    `#${name}`,
    topics.map((topic) => `#${topic.name}`),
    "claudemesh topic list",
  );
}

/** As {@link unknownTopic}. */
export function unknownQueue(name: string, queues: readonly { readonly name: string }[]): ClaudemeshError {
  return unknown(
    `queue:${name}`,
    queues.map((queue) => `queue:${queue.name}`),
    "claudemesh queue list",
  );
}

function seen(directory: Directory | null): Directory {
  if (directory !== null) return directory;
  throw new ClaudemeshError(
    "directory_unavailable",
    "this daemon has never reached its broker, so it knows no names yet",
    {
      hint: "start the broker (claudemesh up) and try again; claudemesh doctor says what keeps the link down",
    },
  );
}

function unknown(written: string, known: readonly string[], hint: string): ClaudemeshError {
  const suggestions = suggest(written, new Set(known));
  return new ClaudemeshError("unknown_destination", `${written} does not exist in this mesh`, {
    hint: suggestions.length > 0 ? `did you mean ${suggestions.join(" or ")}?` : hint,
    details: { to: written, suggestions },
  });
}
