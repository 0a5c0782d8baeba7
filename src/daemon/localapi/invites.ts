import { generateKeyPairSync } from "node:crypto";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { RequestResults } from "../../protocol/frames.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { inviteLink } from "../../protocol/invite.ts";
import { limits } from "../../protocol/limits.ts";
import type { InviteMade } from "../../protocol/local-api.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import type { Link } from "../parts.ts";
import { operation, type Route } from "./route.ts";
import { oneOf, optional, text, whole } from "./shape.ts";

const defaultExpiryMs = 7 * 86_400_000;
const addressCharsMax = 255;

/** Invites are kept by the broker, as public keys; the private one is made here and goes into the link alone. */
export function inviteRoutes(parts: { readonly link: Link; readonly mesh: MeshFile }): readonly Route[] {
  const { link, mesh } = parts;
  return [
    operation({
      method: "POST",
      path: "/v1/invites",
      summary: "Make an invite; its link is in this answer and nowhere else",
      query: {},
      body: {
        expires_in_s: optional(whole(1, limits.inviteExpiryMsMax / 1_000)),
        uses: optional(whole(1, limits.inviteUsesMax)),
        role: optional(oneOf("owner", "admin", "member", "guest")),
        address: optional(text({ charsMax: addressCharsMax })),
      },
      bodyOptional: true,
      answers: [201],
      errors: ["not_allowed", "too_many_invites", "broker_unreachable", "timed_out"],
      async handle({ body }) {
        const { privateKey } = generateKeyPairSync("ed25519");
        const { invite, reach } = (await link.request({
          type: "invite_create",
          invite_id: publicKeyHexOf(privateKey),
          role: body.role ?? "member",
          uses: body.uses ?? 1,
          expires_in_ms: body.expires_in_s === undefined ? defaultExpiryMs : body.expires_in_s * 1_000,
          authority: body.address ?? null,
        })) as RequestResults["invite_create"];
        const made: InviteMade = {
          ...invite,
          link: inviteLink({
            authority: reach.authority,
            transport: reach.transport,
            broker_key: mesh.broker_key,
            mesh_id: mesh.mesh_id,
            slug: mesh.slug,
            seed: Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"),
            expires_at: Date.parse(invite.expires_at),
          }),
          loopback: reach.loopback,
        };
        return { status: 201, body: made };
      },
    }),
    operation({
      method: "GET",
      path: "/v1/invites",
      summary: "Invites of the mesh, newest first, without their links",
      query: {},
      body: null,
      answers: [200],
      errors: ["not_allowed", "broker_unreachable", "timed_out"],
      async handle() {
        const { invites } = (await link.request({ type: "invites" })) as RequestResults["invites"];
        return { status: 200, body: { items: invites } };
      },
    }),
    operation({
      method: "POST",
      path: "/v1/invites/{id}/revoke",
      summary: "Take an invite back; whoever joined by it stays a member",
      query: {},
      body: {},
      bodyOptional: true,
      answers: [200],
      errors: ["not_allowed", "invite_unknown", "broker_unreachable", "timed_out"],
      async handle({ params }) {
        const inviteId = params["id"] ?? "";
        if (!isMemberId(inviteId))
          throw new ClaudemeshError("invite_unknown", "an invite's id has 64 lower-case hex characters", {
            hint: "claudemesh invite list",
          });
        return { status: 200, body: await link.request({ type: "invite_revoke", invite_id: inviteId }) };
      },
    }),
  ];
}
