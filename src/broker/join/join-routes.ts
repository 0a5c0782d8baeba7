import { operation, type Route } from "../../http/route.ts";
import { described, inPath, text, whole } from "../../http/shape.ts";
import { answerOf, instant, nullable, view } from "../../http/view.ts";
import type { BrokerProof } from "../../protocol/admission.ts";
import { limits } from "../../protocol/limits.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { entriesShape, joined, membershipPage } from "../http/membership.schema.ts";
import { joinByEntries, type JoinParts, proveBroker, readByInvite, unknownInvite } from "./join.ts";

const hex32 = (said: string) =>
  described(text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } }), said);
const base64url = (bytes: number, said: string) => {
  const chars = Math.ceil((bytes * 4) / 3);
  const pattern = new RegExp(`^[A-Za-z0-9_-]{${chars}}$`);
  return described(text({ form: { pattern, said: `must be ${bytes} bytes in base64url without padding` } }), said);
};

const proof = answerOf<BrokerProof>("BrokerProof")(
  view({
    broker_id: text(),
    broker_key: described(text(), "Deployment public key, 64 hex characters"),
    server_time: instant(),
    certificate_print: described(nullable(text()), "Of the listener that was asked; null: it has no TLS"),
    signature: described(
      text(),
      "ed25519 by the deployment key over nonce, broker_id, server_time, the Host header and certificate_print",
    ),
  }),
);
const params = { mesh_id: inPath(text(), unknownInvite) };

/** How a host that holds an invite becomes a member. Nobody else is known here: the signatures say who asks. */
export function joinRoutes(parts: JoinParts): readonly Route[] {
  return [
    operation({
      name: "broker",
      method: "GET",
      path: "/v1/broker",
      summary: "Who this broker is, proven for the asker's nonce",
      query: { nonce: base64url(32, "Random, made for this request") },
      headers: { host: described(text(), "The address that was dialled; one of the broker's own") },
      answers: [{ status: 200, description: "The proof", body: proof }],
      errors: ["host_forbidden"],
      handle: async ({ query, headers }) => ({
        status: 200,
        body: await proveBroker(parts, query.nonce, headers.host.toLowerCase()),
      }),
    }),
    operation({
      name: "membershipRead",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/membership",
      summary: "The mesh's membership chain, for who holds an invite that was not taken back",
      params,
      body: {
        invite_id: hex32("The invite's public key"),
        after: described(whole(-1, limits.membershipEntriesMax), "Entries above this place; -1: from the beginning"),
        at: described(instant(), "Now; ten minutes off at most"),
        signature: base64url(64, "ed25519 by the invite's private key over mesh, broker key and the fields above"),
      },
      answers: [{ status: 200, description: "One page, in order", body: membershipPage }],
      errors: ["auth_failed", "invite_unknown", "invite_revoked", "store_unavailable"],
      handle: async ({ params, body }) => ({ status: 200, body: await readByInvite(parts, params.mesh_id, body) }),
    }),
    operation({
      name: "join",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/join",
      summary:
        "Become a member: append the entry that an invite's key and the new member's have signed. The same entry again changes nothing and uses nothing up",
      params,
      body: entriesShape,
      bodyBytesMax: defaultBrokerLimits.membershipBodyBytesMax,
      answers: [
        { status: 201, description: "A member from now on: the one that the last entry takes in", body: joined },
        { status: 200, description: "The chain had the entries already", body: joined },
      ],
      errors: [
        "membership_invalid",
        "membership_newer",
        "membership_moved",
        "invite_unknown",
        "invite_expired",
        "invite_used",
        "invite_revoked",
        "already_exists",
        "not_a_member",
        "not_allowed",
        "last_owner",
        "too_many_invites",
        "mesh_sealed",
        "store_unavailable",
      ],
      async handle({ params, body }) {
        const done = await joinByEntries(parts, params.mesh_id, body.entries);
        return { status: done.joined ? 201 : 200, body: done.answer };
      },
    }),
  ];
}
