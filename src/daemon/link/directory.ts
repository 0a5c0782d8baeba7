import type { Clock } from "../../base/clock.ts";
import { isName as isNameText } from "../../protocol/address.ts";
import type { AgentsKnown } from "../../protocol/agent-frames.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import type { RequestResults } from "../../protocol/frames.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { isRfc3339, rfc3339 } from "../../protocol/time.ts";
import { activeMembers, type MembershipState } from "../../protocol/membership/state.ts";
import type { Directory, Inbox, Membership } from "../parts.ts";

const directoryFact = "directory";

/**
 * Members, topics and queues, kept on disk: names resolve while the broker is away. Who is a member, under which name and
 * role, is the membership chain's to say; the broker's word adds who is there, and counts alone where a mesh has no chain.
 */
export interface DirectoryKeeper {
  current(): Directory | null;
  refresh(request: (frame: { type: string } & Record<string, unknown>) => Promise<unknown>): Promise<void>;
  /** The broker's news of one member's agents. False: it is nobody that is known here. Throws protocol_error. */
  agentsChanged(memberId: string, told: unknown): Promise<boolean>;
}

export function directoryKeeper(inbox: Inbox, clock: Clock, membership: Pick<Membership, "state">): DirectoryKeeper {
  let known: Directory | null = null;
  let loaded = false;
  let merged: { readonly told: Directory; readonly state: MembershipState; readonly directory: Directory } | null =
    null;

  function current(): Directory | null {
    if (!loaded) {
      const kept = inbox.fact(directoryFact);
      known = kept === null ? null : (JSON.parse(kept) as Directory);
      loaded = true;
    }
    const state = membership.state();
    if (known === null || state === null) return known;
    if (merged?.told !== known || merged.state !== state)
      merged = { told: known, state, directory: byChain(known, state) };
    return merged.directory;
  }

  async function keep(told: Directory): Promise<void> {
    known = told;
    loaded = true;
    await inbox.setFact(directoryFact, JSON.stringify(told));
  }

  return {
    current,
    async refresh(request) {
      const { members, expired } = readMembers(await request({ type: "members" }));
      const topics = readTopics(await request({ type: "topics" }));
      const queues = readQueues(await request({ type: "queues", queue: null, counts: false }).catch(older));
      await keep({ told_at: rfc3339(clock.now()), members, expired, topics, queues });
    },
    async agentsChanged(memberId, told) {
      current();
      const member = known?.members.find(({ member_id }) => member_id === memberId);
      if (known === null || member === undefined) return false;
      const { agents_told: _, agents: __, ...rest } = member;
      const { agents, agents_told } = isRecord(told) ? told : {};
      if (!Array.isArray(agents)) throw unreadable("agents");
      const now = { ...rest, agents: agents.filter(isName), ...readTold(agents_told) };
      await keep({ ...known, members: known.members.map((one) => (one === member ? now : one)) });
      return true;
    },
  };
}

/**
 * The chain's members with what the broker says of their presence; of anybody else it says it is not believed. Whom it has forgotten
 * nothing can be sent to, so its word counts there.
 */
function byChain(told: Directory, state: MembershipState): Directory {
  const presence = new Map(told.members.map((member) => [member.member_id, member]));
  const expired = new Set(told.expired);
  const there = activeMembers(state).filter(({ memberId }) => !expired.has(memberId));
  const members = there.map(({ memberId, name, role }) => {
    const told = presence.get(memberId);
    const { online = false, agents = [], last_seen_at = null, kicked_until = null } = told ?? {};
    const clone_suspected_at = told?.clone_suspected_at ?? null;
    const agentsTold = told?.agents_told === undefined ? {} : { agents_told: told.agents_told };
    const said = { online, agents, ...agentsTold, last_seen_at, kicked_until, clone_suspected_at };
    return { member_id: memberId, name, role, ...said };
  });
  const { queues } = told;
  return {
    ...told,
    members,
    names: state.names,
    topics: told.topics.map((topic) => ({ ...topic, ...opened(state, `#${topic.name}`, topic) })),
    ...(queues === undefined
      ? {}
      : { queues: queues.map((queue) => ({ ...queue, ...opened(state, `queue:${queue.name}`, queue) })) }),
  };
}

/**
 * A destination is open for what nobody has signed where the chain and the broker say so. What came while it was open may
 * stand there only if the chain ever opened it: a broker alone opens none.
 */
function opened(
  state: MembershipState,
  destination: string,
  told: { readonly unsealed?: boolean; readonly unsealed_through?: number },
): { readonly unsealed: boolean; readonly unsealed_through: number } {
  return {
    unsealed: told.unsealed === true && state.opened.get(destination) === true,
    unsealed_through: state.opened.has(destination) ? (told.unsealed_through ?? 0) : 0,
  };
}

const roles = new Set<unknown>(["owner", "admin", "member", "guest"]);

/**
 * What a broker tells is shown, completed in shells and resolved by, and kept over restarts, so it is read once, here.
 * Throws protocol_error. Topics and agents are named by whoever is a member: one that is no name is left out, and keeps
 * nobody from the rest.
 */
function readMembers(result: unknown): Required<RequestResults["members"]> {
  const { members, expired = [] } = isRecord(result) ? result : {};
  if (!Array.isArray(members) || !members.every(isMember)) throw unreadable("members");
  if (!Array.isArray(expired) || !expired.every((id) => typeof id === "string" && isMemberId(id)))
    throw unreadable("members");
  return {
    members: members.map(({ agents_told: told, ...member }) => ({
      ...member,
      agents: member.agents.filter(isName),
      ...readTold(told),
    })),
    expired,
  };
}

/** What is not said clearly is not said: then no agent of the member is refused. */
function readTold(told: unknown): { readonly agents_told?: AgentsKnown } {
  const { former, online } = isRecord(told) ? told : {};
  if (!Array.isArray(former) || !Array.isArray(online)) return {};
  return { agents_told: { former: former.filter(isName), online: online.filter(isName) } };
}

function readTopics(result: unknown): RequestResults["topics"]["topics"] {
  const topics = isRecord(result) ? result["topics"] : undefined;
  if (!Array.isArray(topics) || !topics.every(isTopic)) throw unreadable("topics");
  return topics.filter(({ name }) => isName(name));
}

export function readQueues(result: unknown): NonNullable<Directory["queues"]> {
  const queues = isRecord(result) ? result["queues"] : undefined;
  if (!Array.isArray(queues) || !queues.every(isRecord)) throw unreadable("queues");
  return queues.flatMap(({ name, unsealed, unsealed_through: through }) => {
    if (!isName(name)) return [];
    // What is not said clearly is not open.
    return [
      {
        name: String(name),
        unsealed: unsealed === true,
        unsealed_through: Number.isSafeInteger(through) ? Number(through) : 0,
      },
    ];
  });
}

/** A broker that does not know the question has no queues. */
function older(thrown: unknown): { readonly queues: readonly [] } {
  if (ClaudemeshError.from(thrown).details["unknown_type"] === undefined) throw thrown;
  return { queues: [] };
}

function isMember(value: unknown): value is RequestResults["members"]["members"][number] {
  if (!isRecord(value)) return false;
  const { member_id: id, name, role, online, agents, last_seen_at: seen, kicked_until: kicked = null } = value;
  const { clone_suspected_at: suspected = null } = value;
  return (
    typeof id === "string" &&
    isMemberId(id) &&
    isName(name) &&
    roles.has(role) &&
    typeof online === "boolean" &&
    Array.isArray(agents) &&
    isTimeOrNull(seen) &&
    isTimeOrNull(kicked) &&
    isTimeOrNull(suspected)
  );
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || (typeof value === "string" && isRfc3339(value));
}

function isTopic(value: unknown): value is RequestResults["topics"]["topics"][number] {
  if (!isRecord(value)) return false;
  const { topic_id: id, name, subscribers, subscribed, unsealed = false, unsealed_through: through = 0 } = value;
  return (
    typeof id === "string" &&
    typeof name === "string" &&
    Number.isSafeInteger(subscribers) &&
    typeof subscribed === "boolean" &&
    typeof unsealed === "boolean" &&
    Number.isSafeInteger(through)
  );
}

function isName(value: unknown): value is string {
  return typeof value === "string" && isNameText(value);
}

function unreadable(what: string): ClaudemeshError {
  return new ClaudemeshError("protocol_error", `the broker's list of ${what} cannot be read`, {
    hint: "claudemesh logs --level warn",
  });
}
