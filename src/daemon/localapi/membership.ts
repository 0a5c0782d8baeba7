import { nullable } from "../../http/view.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, listOf, optional, text, whole } from "../../http/shape.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { sortedUnique } from "../../protocol/fingerprint-parts.ts";
import { limits } from "../../protocol/limits.ts";
import type { ComparedMember, DmPolicyView, MembershipView, SafetyNumberView } from "../../protocol/membership-api.ts";
import { entryHash, entryText } from "../../protocol/membership/entry.ts";
import { safetyNumber } from "../../protocol/membership/safety-number.ts";
import { type ChainMember, currentKeys } from "../../protocol/membership/state.ts";
import type { Link, Membership } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import { member } from "./answers/directory.schema.ts";
import * as answers from "./answers/membership.schema.ts";
import {
  addressesOf,
  chainOf,
  changeChain,
  entryErrors,
  memberParam,
  memberView,
  presenceIn,
  shownEntries,
  writtenMember,
} from "./member-view.ts";

interface MembershipParts {
  readonly link: Link;
  readonly membership: Membership;
  readonly self: Self;
}

/** The chain itself, what this member says of itself in it, and how two members make sure of each other. */
export function membershipRoutes(parts: MembershipParts): readonly Route[] {
  const { self } = parts;
  return [
    operation({
      name: "membership",
      method: "GET",
      path: "/v1/membership",
      summary: "The membership chain that this home holds, and what keeps the broker's apart from it",
      query: {
        after: described(
          optional(whole(0, limits.membershipEntriesMax)),
          "Entries above this place; absent: from the first",
        ),
        limit: described(optional(whole(1, limits.membershipPageMax)), "Entries of one page", {
          default: limits.membershipPageMax,
        }),
      },
      answers: [{ status: 200, description: "One page", body: answers.membership }],
      handle({ query }) {
        const { membership } = parts;
        const state = membership.state();
        const entries = membership.entries(query.after ?? -1, query.limit ?? limits.membershipPageMax);
        const last = entries.at(-1)?.n ?? null;
        const body: MembershipView = {
          n: state?.n ?? null,
          head: state?.head ?? null,
          trouble: membership.trouble(),
          entries: shownEntries(entries),
          next_after: last === null || last === state?.n ? null : last,
        };
        return { status: 200, body };
      },
    }),
    operation({
      name: "meshLeave",
      method: "POST",
      path: "/v1/leave",
      summary: "Leave the mesh for good; what was received stays in this home, and the daemon ends",
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "This member as it is now", body: member }],
      errors: [...entryErrors, "last_owner"],
      async handle() {
        const state = await changeChain(
          parts.membership,
          (now) => now.members.get(self.memberId)?.status === "left",
          (_, through) => ({ kind: "leave", through }),
        );
        const found = writtenMember(state, self.memberId);
        const presence = presenceIn(parts.link.directory());
        return { status: 200, body: memberView(state, found, { self: self.memberId, presence }) };
      },
    }),
    operation({
      name: "dmPolicySet",
      method: "POST",
      path: "/v1/dm-policy",
      summary: "Say whose direct messages this member takes; its own always",
      body: {
        from: described(
          nullable(listOf(text(), limits.dmFromMax)),
          "Members, as `@name`, `name` or member_id; null: everybody's",
        ),
      },
      answers: [{ status: 200, description: "Whose they are now", body: answers.dmPolicy }],
      errors: ["invalid_destination", "unknown_destination", ...entryErrors],
      async handle({ body }) {
        const chain = chainOf(parts.membership);
        const from =
          body.from === null ? null : sortedUnique(body.from.map((one) => writtenMember(chain, one).memberId));
        const state = await changeChain(
          parts.membership,
          (now) => JSON.stringify(now.members.get(self.memberId)?.dmFrom) === JSON.stringify(from),
          () => ({ kind: "dm_from", from }),
        );
        return { status: 200, body: { from: from === null ? null : addressesOf(state, from) } satisfies DmPolicyView };
      },
    }),
    safetyNumberRoute(parts),
  ];
}

function safetyNumberRoute({ membership, self }: MembershipParts): Route {
  return operation({
    name: "safetyNumber",
    method: "GET",
    path: "/v1/members/{member}/safety-number",
    summary: "Sixty digits over this member's keys and another's, for both to compare over another way",
    params: { member: memberParam },
    answers: [{ status: 200, description: "The digits, and whose they are", body: answers.safetyNumber }],
    errors: ["invalid_destination", "unknown_destination", "not_a_member", "not_allowed", "mesh_unsealed"],
    handle({ params }) {
      const state = chainOf(membership);
      const [own, other] = [writtenMember(state, self.memberId), writtenMember(state, params.member)];
      if (own === other)
        throw new ClaudemeshError("not_allowed", "there is nobody to compare with: that is this member itself", {
          hint: "claudemesh members lists the others",
        });
      if (other.status !== "active")
        throw new ClaudemeshError("not_a_member", `@${other.name} has left this mesh, or was revoked`, {
          hint: "claudemesh members",
        });
      const [first] = membership.entries(-1, 1);
      if (first === undefined) throw new TypeError("a chain has a first entry");
      const mesh = { meshId: state.meshId, origin: entryHash(entryText(first)) };
      const body: SafetyNumberView = {
        digits: safetyNumber(mesh, identity(own), identity(other)),
        self: compared(own),
        member: compared(other),
      };
      return { status: 200, body };
    },
  });
}

function identity(of: ChainMember) {
  const { keyId, x25519 } = currentKeys(of);
  return { memberId: of.memberId, ed25519: keyId, x25519 };
}

function compared(of: ChainMember): ComparedMember {
  return { member_id: of.memberId, name: of.name, address: `@${of.name}`, key_id: currentKeys(of).keyId };
}
