import { generateKeyPairSync } from "node:crypto";
import { operation, type Route } from "../../http/route.ts";
import { described, inPath, oneOf, optional, text, whole } from "../../http/shape.ts";
import { isAuthority } from "../../protocol/authority.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { RequestResults } from "../../protocol/frames.ts";
import type { BrokerReach } from "../../protocol/invite-frames.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { inviteLink } from "../../protocol/invite.ts";
import { limits } from "../../protocol/limits.ts";
import type { InviteMade, InviteView } from "../../protocol/local-api.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";
import { isRfc3339 } from "../../protocol/time.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import type { Link } from "../parts.ts";
import { invite, inviteMade, invites } from "./answers/invites.schema.ts";
import { askBroker, brokerErrors } from "./ask-broker.ts";

const defaultExpirySeconds = 7 * 86_400;
const addressCharsMax = 255;

const form = {
  expires_in_s: described(optional(whole(1, limits.inviteExpiryMsMax / 1_000)), "Seconds; absent: seven days", {
    default: defaultExpirySeconds,
  }),
  uses: described(optional(whole(1, limits.inviteUsesMax)), "Members it may admit", { default: 1 }),
  role: described(optional(oneOf("owner", "admin", "member", "guest")), "Not above the asker's own", {
    default: "member",
  }),
  address: described(optional(text({ charsMax: addressCharsMax })), "One of the broker's addresses, `host:port`"),
};
const inviteId = {
  id: inPath(
    text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } }),
    () =>
      new ClaudemeshError("invite_unknown", "an invite's id has 64 lower-case hex characters", {
        hint: "claudemesh invite list",
      }),
  ),
};
const errors: readonly ErrorCode[] = ["not_allowed", ...brokerErrors];

/** Invites are kept by the broker, as public keys; the private one is made here and goes into the link alone. */
export function inviteRoutes(parts: { readonly link: Link; readonly mesh: MeshFile }): readonly Route[] {
  const { link, mesh } = parts;
  return [
    operation({
      name: "inviteCreate",
      method: "POST",
      path: "/v1/invites",
      summary: "Make an invite; its link is in this answer and nowhere else",
      body: form,
      bodyOptional: true,
      answers: [{ status: 201, description: "The invite with its link", body: inviteMade }],
      errors: [...errors, "too_many_invites"],
      async handle({ body }) {
        const { privateKey } = generateKeyPairSync("ed25519");
        const result = await askBroker(link, {
          type: "invite_create",
          invite_id: publicKeyHexOf(privateKey),
          role: body.role ?? "member",
          uses: body.uses ?? 1,
          expires_in_ms: (body.expires_in_s ?? defaultExpirySeconds) * 1_000,
          authority: body.address ?? null,
        });
        const { invite: written, reach } = (result ?? {}) as RequestResults["invite_create"];
        const made = inviteOf(written);
        if (!isReach(reach)) throw notAnInvite();
        const answer: InviteMade = {
          ...made,
          link: inviteLink({
            authority: reach.authority,
            transport: reach.transport,
            broker_key: mesh.broker_key,
            mesh_id: mesh.mesh_id,
            slug: mesh.slug,
            seed: Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"),
            expires_at: Date.parse(made.expires_at),
            membership_head: null,
          }),
          loopback: reach.loopback,
        };
        return { status: 201, body: answer };
      },
    }),
    operation({
      name: "inviteList",
      method: "GET",
      path: "/v1/invites",
      summary: "Invites of the mesh, newest first, without their links",
      answers: [{ status: 200, description: "The newest thousand", body: invites }],
      errors,
      async handle() {
        const { invites: items } = ((await askBroker(link, { type: "invites" })) ?? {}) as RequestResults["invites"];
        if (!Array.isArray(items)) throw notAnInvite();
        return { status: 200, body: { items: items.map(inviteOf) } };
      },
    }),
    operation({
      name: "inviteRevoke",
      method: "POST",
      path: "/v1/invites/{id}/revoke",
      summary: "Take an invite back; whoever joined by it stays a member",
      params: inviteId,
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "The invite as it is now", body: invite }],
      errors: [...errors, "invite_unknown"],
      handle: async ({ params }) => ({
        status: 200,
        body: inviteOf(await askBroker(link, { type: "invite_revoke", invite_id: params.id })),
      }),
    }),
  ];
}

/** The link has checked the frame's envelope of type and id; the result itself is checked here, where it is used. */
function inviteOf(result: unknown): InviteView {
  const invite = result as Partial<InviteView> | null | undefined;
  const { invite_id: id, expires_at: over } = invite ?? {};
  if (typeof id !== "string" || typeof over !== "string" || !isRfc3339(over)) throw notAnInvite();
  return invite as InviteView;
}

/** It goes into a link, which is pasted into a shell: nothing but an address may come from a broker there. */
function isReach(reach: Partial<BrokerReach> | undefined): reach is BrokerReach {
  const { authority, transport } = reach ?? {};
  if (typeof authority !== "string" || !isAuthority(authority)) return false;
  if (transport?.kind === "pinned") return isMemberId(String(transport.certificate_print));
  return transport?.kind === "plain" || transport?.kind === "trusted";
}

function notAnInvite(): ClaudemeshError {
  return new ClaudemeshError("protocol_error", "the broker's answer is not an invite");
}
