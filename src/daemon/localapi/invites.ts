import { generateKeyPairSync } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, inPath, oneOf, optional, text, whole } from "../../http/shape.ts";
import { isAuthority } from "../../protocol/authority.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import type { BrokerReach } from "../../protocol/invite-frames.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { inviteLink } from "../../protocol/invite.ts";
import { limits } from "../../protocol/limits.ts";
import type { InviteMade, InviteView } from "../../protocol/local-api.ts";
import { closedInviteCode } from "../../protocol/membership/invites.ts";
import type { ChainInvite, MembershipState } from "../../protocol/membership/state.ts";
import { publicKeyHexOf } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import type { Link, Membership } from "../parts.ts";
import { invite, inviteMade, invites } from "./answers/invites.schema.ts";
import { askBroker } from "./ask-broker.ts";
import { chainOf, changeChain, entryErrors } from "./member-view.ts";

const defaultExpirySeconds = 7 * 86_400;
const addressCharsMax = 255;
/** The newest of them are listed. */
const listedMax = limits.invitesOpenMax;

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
const unknownInvite = (): ClaudemeshError =>
  new ClaudemeshError("invite_unknown", "this mesh knows no such invite", { hint: "claudemesh invite list" });
const inviteId = {
  id: inPath(
    text({ form: { pattern: /^[0-9a-f]{64}$/, said: "must be 64 lower-case hex characters" } }),
    unknownInvite,
  ),
};
const errors: readonly ErrorCode[] = ["not_allowed", ...entryErrors];

/**
 * Invites are entries of the membership chain, as public keys; the private one is made here and goes into the link alone.
 * Whoever holds it signs its own joining with it, which every member can check.
 */
export function inviteRoutes(parts: {
  readonly link: Link;
  readonly membership: Membership;
  readonly mesh: MeshFile;
  readonly clock: Clock;
}): readonly Route[] {
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
        const { link, membership, mesh, clock } = parts;
        chainOf(membership);
        // First: an address that the broker does not have leaves no invite behind that nobody holds the link of.
        const reach = reachOf(await askBroker(link, { type: "reach", authority: body.address ?? null }));
        const { privateKey } = generateKeyPairSync("ed25519");
        const invite_id = publicKeyHexOf(privateKey);
        const expiresAt = clock.now() + (body.expires_in_s ?? defaultExpirySeconds) * 1_000;
        await membership.append(() => ({
          kind: "invite",
          invite_id,
          role: body.role ?? "member",
          uses: body.uses ?? 1,
          expires_at: rfc3339(expiresAt),
        }));
        const state = chainOf(membership);
        const answer: InviteMade = {
          ...view(inviteIn(state, invite_id), clock.now()),
          link: inviteLink({
            authority: reach.authority,
            transport: reach.transport,
            broker_key: mesh.broker_key,
            mesh_id: mesh.mesh_id,
            slug: mesh.slug,
            seed: Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"),
            expires_at: expiresAt,
            membership_head: state.head,
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
      answers: [
        {
          status: 200,
          description: "Those that can still be used, and the newest others: a thousand in all",
          body: invites,
        },
      ],
      errors: ["mesh_unsealed"],
      handle() {
        const now = parts.clock.now();
        const listed = listedOf(chainOf(parts.membership), now);
        return { status: 200, body: { items: listed.map((one) => view(one, now)) } };
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
      async handle({ params }) {
        const state = await changeChain(
          parts.membership,
          (now) => inviteIn(now, params.id).revoked,
          () => ({ kind: "invite_revoke", invite_id: params.id }),
        );
        return { status: 200, body: view(inviteIn(state, params.id), parts.clock.now()) };
      },
    }),
  ];
}

function inviteIn(state: MembershipState, inviteId: string): ChainInvite {
  const found = state.invites.get(inviteId);
  if (found === undefined) throw unknownInvite();
  return found;
}

/** An invite that can still be used is never hidden by newer ones that are over: somebody may have to take it back. */
function listedOf({ invites }: MembershipState, now: number): readonly ChainInvite[] {
  const newest = [...invites.values()].reverse();
  const isOpen = (invite: ChainInvite): boolean => closedInviteCode(invite, now) === null;
  let room = listedMax - newest.filter(isOpen).length;
  return newest.filter((invite) => isOpen(invite) || room-- > 0).slice(0, listedMax);
}

const states = { invite_revoked: "revoked", invite_expired: "expired", invite_used: "used" } as const;

function view(of: ChainInvite, now: number): InviteView {
  const code = closedInviteCode(of, now);
  return {
    invite_id: of.inviteId,
    role: of.role,
    state: code === null ? "open" : states[code],
    uses: of.uses,
    used: of.used,
    created_at: of.createdAt,
    expires_at: of.expiresAt,
    created_by: of.createdBy,
  };
}

/** It goes into a link, which is pasted into a shell: nothing but an address may come from a broker there. */
function reachOf(result: unknown): BrokerReach {
  const { authority, transport, loopback } = isRecord(result) ? (result as Partial<BrokerReach>) : {};
  const isWay =
    transport?.kind === "pinned"
      ? isMemberId(String(transport.certificate_print))
      : transport?.kind === "plain" || transport?.kind === "trusted";
  if (typeof authority !== "string" || !isAuthority(authority) || transport === undefined || !isWay)
    throw new ClaudemeshError("protocol_error", "the broker's answer is no way to reach it");
  return { authority, transport, loopback: loopback === true };
}
