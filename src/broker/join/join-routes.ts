import { operation, type Route } from "../../http/route.ts";
import { described, inPath, text } from "../../http/shape.ts";
import { answerOf, instant, nullable, view } from "../../http/view.ts";
import { oneOf } from "../../http/shape.ts";
import type { Admitted, BrokerProof } from "../../protocol/admission.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { admitByInvite, type JoinParts, proveBroker } from "./admit.ts";

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
const admitted = answerOf<Admitted>("Admitted")(
  view({
    mesh_id: text(),
    slug: text(),
    member_id: text(),
    name: text(),
    role: oneOf("owner", "admin", "member", "guest"),
  }),
);

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
      name: "join",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/join",
      summary: "Become a member by an invite. The same member asking again changes nothing and uses nothing up",
      params: { mesh_id: inPath(text(), unknownInvite) },
      body: {
        invite_id: hex32("The invite's public key"),
        member_id: hex32("The new member's ed25519 public key"),
        x25519_pubkey: hex32("The new member's x25519 public key"),
        name: described(text({ charsMax: limits.nameCharsMax }), "Unique in the mesh, whatever its case", {
          pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        }),
        invite_signature: base64url(64, "ed25519 by the invite's private key over the admission"),
        member_signature: base64url(64, "ed25519 by the new member's key over the same bytes"),
      },
      answers: [
        { status: 201, description: "A member from now on", body: admitted },
        { status: 200, description: "It was a member already", body: admitted },
      ],
      errors: [
        "auth_failed",
        "invalid_destination",
        "invite_unknown",
        "invite_expired",
        "invite_used",
        "invite_revoked",
        "already_exists",
        "not_a_member",
        "store_unavailable",
      ],
      async handle({ params, body }) {
        const done = await admitByInvite(parts, params.mesh_id, body);
        return { status: done.admitted ? 201 : 200, body: done.answer };
      },
    }),
  ];
}

function unknownInvite(): ClaudemeshError {
  return new ClaudemeshError("invite_unknown", "this broker knows no such invite", {
    hint: "ask for a new one: claudemesh invite",
  });
}
