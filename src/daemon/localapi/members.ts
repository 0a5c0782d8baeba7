import { nullable } from "../../http/view.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, invalid, listOf, oneOf, optional, text, truth, whole } from "../../http/shape.ts";
import { checkMemberName, parseAddress } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { sortedUnique } from "../../protocol/fingerprint-parts.ts";
import { limits } from "../../protocol/limits.ts";
import type { KickView, MemberList, MemberView } from "../../protocol/membership-api.ts";
import type { EntryContent } from "../../protocol/membership/entry.ts";
import type { ChainMember, MembershipState } from "../../protocol/membership/state.ts";
import { isRfc3339 } from "../../protocol/time.ts";
import type { Agents } from "../agents/agents.ts";
import type { Link, Membership } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import { kick, member, members } from "./answers/directory.schema.ts";
import { askBroker, brokerErrors } from "./ask-broker.ts";
import {
  chainOf,
  changeChain,
  entryErrors,
  memberParam,
  memberView,
  onlineAgents,
  presenceIn,
  writtenMember,
} from "./member-view.ts";
import { known } from "./topics.ts";

interface MemberParts {
  readonly link: Link;
  readonly membership: Membership;
  readonly self: Self;
  readonly agents: Pick<Agents, "names" | "there">;
}

/** Who belongs to the mesh, by its membership chain, and what owners and admins change about it. */
export function memberRoutes(parts: MemberParts): readonly Route[] {
  const answers = [{ status: 200, description: "The member as it is now", body: member }] as const;
  const errors = ["invalid_destination", "unknown_destination", "not_allowed", ...entryErrors] as const;

  /** One change of one member, made unless it is so already. */
  async function changed(
    written: string,
    isSo: (found: ChainMember) => boolean,
    content: (memberId: string, log: { readonly epoch: number; readonly seq: number }) => EntryContent,
  ) {
    const { memberId } = writtenMember(chainOf(parts.membership), written);
    const found = (state: MembershipState): ChainMember => writtenMember(state, memberId);
    const state = await changeChain(
      parts.membership,
      (now) => isSo(found(now)),
      (_, log) => content(memberId, log),
    );
    const directory = parts.link.directory();
    const seen = { self: parts.self.memberId, presence: presenceIn(directory), expired: directory?.expired };
    return { status: 200, body: withOwnAgents(memberView(state, found(state), seen), parts.agents) };
  }

  return [
    memberListRoute(parts),
    memberKickRoute(parts),
    operation({
      name: "memberRename",
      method: "POST",
      path: "/v1/members/{member}/rename",
      summary: "Give a member another name; the old one stays its own as well, and is nobody else's ever after",
      params: { member: memberParam },
      body: { name: described(text(), "1–64 of a–z, 0–9, `.`, `_`, `-`") },
      answers,
      errors: [...errors, "already_exists"],
      handle({ params, body }) {
        const name = checkMemberName(body.name);
        return changed(
          params.member,
          (found) => found.name === name,
          (member_id) => ({ kind: "rename", member_id, name }),
        );
      },
    }),
    operation({
      name: "memberRole",
      method: "POST",
      path: "/v1/members/{member}/role",
      summary: "Give a member another role, not above the asker's own",
      params: { member: memberParam },
      body: { role: oneOf("owner", "admin", "member", "guest") },
      answers,
      errors: [...errors, "last_owner"],
      handle: ({ params, body: { role } }) =>
        changed(
          params.member,
          (found) => found.role === role,
          (member_id) => ({ kind: "role", member_id, role }),
        ),
    }),
    operation({
      name: "memberGrants",
      method: "POST",
      path: "/v1/members/{member}/grants",
      summary: "Say which topics and queues a member may use; #all is everybody's",
      params: { member: memberParam },
      body: {
        destinations: described(
          nullable(listOf(text(), limits.grantsMax)),
          "`#name` and `queue:name`; null: every one of the mesh",
        ),
      },
      answers,
      errors,
      handle({ params, body }) {
        const destinations = body.destinations === null ? null : sortedUnique(body.destinations.map(destination));
        return changed(
          params.member,
          (found) => JSON.stringify(found.destinations) === JSON.stringify(destinations),
          (member_id) => ({ kind: "grants", member_id, destinations }),
        );
      },
    }),
    operation({
      name: "memberRevoke",
      method: "POST",
      path: "/v1/members/{member}/revoke",
      summary:
        "End a membership for good: its links close, and nothing that is sent from now on can be opened with its keys",
      params: { member: memberParam },
      body: {},
      bodyOptional: true,
      answers,
      errors,
      handle: ({ params }) =>
        changed(
          params.member,
          (found) => found.status === "revoked",
          (member_id, through) => ({ kind: "revoke", member_id, through }),
        ),
    }),
  ];
}

function memberKickRoute({ link, membership }: MemberParts): Route {
  return operation({
    name: "memberKick",
    method: "POST",
    path: "/v1/members/{member}/kick",
    summary: "Send a member away for a time: its link closes, and none opens until then; its membership stays as it is",
    params: { member: memberParam },
    body: {
      for_s: described(optional(whole(0, limits.kickMsMax / 1_000)), "Seconds; 0: it may come back", {
        default: limits.kickMs / 1_000,
      }),
    },
    bodyOptional: true,
    answers: [{ status: 200, description: "Until when", body: kick }],
    errors: [
      "mesh_unsealed",
      "invalid_destination",
      "unknown_destination",
      "not_a_member",
      "not_allowed",
      ...brokerErrors,
    ],
    async handle({ params, body }) {
      const { memberId, name } = writtenMember(chainOf(membership), params.member);
      const forMs = (body.for_s ?? limits.kickMs / 1_000) * 1_000;
      const result = await askBroker(link, { type: "kick", member_id: memberId, for_ms: forMs });
      const view: KickView = { member_id: memberId, name, address: `@${name}`, until: untilIn(result) };
      return { status: 200, body: view };
    },
  });
}

/** The broker's word. Throws protocol_error. */
function untilIn(result: unknown): string | null {
  const until = isRecord(result) ? result["until"] : undefined;
  if (until === null || (typeof until === "string" && isRfc3339(until))) return until;
  throw new ClaudemeshError("protocol_error", "the broker's answer to a kick cannot be read", {
    hint: "claudemesh logs --level warn",
  });
}

function memberListRoute(parts: MemberParts): Route {
  return operation({
    name: "members",
    method: "GET",
    path: "/v1/members",
    summary: "Members of the mesh by its membership chain, with what the broker last told of their presence",
    query: { ended: described(optional(truth()), "Also those who have left or were revoked") },
    answers: [{ status: 200, description: "All of them", body: members }],
    errors: ["directory_unavailable"],
    handle({ query }) {
      const state = parts.membership.state();
      const directory = parts.link.directory();
      const seen = { self: parts.self.memberId, presence: presenceIn(directory), expired: directory?.expired };
      const all =
        state === null
          ? known(parts.link).members.map((told) => unchained(told, parts.self))
          : [...state.members.values()].map((found) => memberView(state, found, seen));
      const items = all
        .filter(({ status }) => status === "active" || status === "expired" || query.ended === true)
        .map((one) => withOwnAgents(one, parts.agents));
      return { status: 200, body: { items, told_at: directory?.told_at ?? null } satisfies MemberList };
    },
  });
}

/** Of its own agents a daemon knows the newest, and those that it tells nobody of. */
function withOwnAgents(view: MemberView, agents: MemberParts["agents"]): MemberView {
  if (!view.self) return view;
  const there = new Set(agents.there());
  const names = agents.names();
  return { ...view, agents: names, agents_online: names.filter((name) => there.has(name)) };
}

/** Of a mesh without a chain there is the broker's word alone. */
function unchained(told: ReturnType<typeof known>["members"][number], self: Self): MemberView {
  return {
    member_id: told.member_id,
    name: told.name,
    address: `@${told.name}`,
    role: told.role,
    online: told.online,
    last_seen_at: told.last_seen_at,
    self: told.member_id === self.memberId,
    agents: told.agents,
    agents_online: onlineAgents(told),
    status: "active",
    kicked_until: told.kicked_until ?? null,
    clone_suspected_at: told.clone_suspected_at ?? null,
    key_ids: [],
    joined_at: null,
    destinations: null,
    dm_from: null,
  };
}

/** As the chain writes it. */
function destination(written: string): string {
  const address = parseAddress(written);
  if (address.kind === "member") throw invalid("destinations", "must name topics and queues: `#name`, `queue:name`");
  return address.kind === "topic" ? `#${address.name}` : `queue:${address.name}`;
}
