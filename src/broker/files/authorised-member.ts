import { assert } from "../../base/assert.ts";
import type { RequestHead } from "../../http/route.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import { blobRequestBytes, readBlobAuthorization } from "../../protocol/files/blob-request.ts";
import { currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import { publicKeyFromHex, verify } from "../../protocol/signing.ts";
import type { LinkParts } from "../link/link-parts.ts";
import { noActiveMember } from "../store/member-refusals.ts";
import type { MemberRow } from "../store/store.ts";

export interface MemberCheckParts extends Pick<LinkParts, "store" | "clock" | "authorities"> {
  readonly membership: Pick<LinkParts["membership"], "known" | "fresh">;
  readonly limits: Pick<LinkParts["limits"], "blobRequestSkewMs">;
  /** Resolves once the broker knows its own addresses. */
  readonly listening: Promise<unknown>;
}

export const memberErrors: readonly ErrorCode[] = [
  "auth_failed",
  "host_forbidden",
  "not_a_member",
  "store_unavailable",
];

/** The member who signed this request. Asked before anything of its body is read; throws one of {@link memberErrors}. */
export async function memberOf(parts: MemberCheckParts, head: RequestHead): Promise<MemberRow> {
  const meshId = head.params["mesh_id"] ?? "";
  const shown = readBlobAuthorization(head.headers.authorization);
  if (shown === null) throw refused("this needs a member's signature in the Authorization header");
  await parts.listening;
  const authority = (head.headers.host ?? "").toLowerCase();
  // What a request says of its own address proves nothing; that the address is one of ours does.
  if (parts.authorities()?.has(authority) !== true) {
    throw new ClaudemeshError("host_forbidden", "this broker is not reached under that name", {
      hint: "its operator can list the name: claudemesh config set --broker listen.authorities",
    });
  }
  if (Math.abs(Date.parse(shown.time) - parts.clock.now()) > parts.limits.blobRequestSkewMs)
    throw refused("the time in the request is not the broker's", "set this host's clock: claudemesh doctor");
  const { memberId, time } = shown;
  const signed = blobRequestBytes({ method: head.method, path: head.path, meshId, authority, memberId, time });
  const keyIn = async (chainOf: (meshId: string) => Promise<MembershipState | null>): Promise<string> => {
    const inChain = (await chainOf(meshId))?.members.get(memberId);
    // Whom no chain names yet has the key that it was added by.
    return inChain === undefined ? memberId : currentKeys(inChain).keyId;
  };
  const { known, fresh } = parts.membership;
  // The key may have changed by another broker's doing a moment ago.
  if (!holds(await keyIn(known), signed, shown.signature) && !holds(await keyIn(fresh), signed, shown.signature))
    throw refused("the signature does not hold for this request, this broker and this address");
  const member = await parts.store.member(meshId, memberId);
  // Whoever is no member learns nothing of which meshes there are.
  if (member === null || member.status !== "active") throw noActiveMember();
  return member;
}

/** Who asks, of a route whose `admit` is {@link memberOf}. */
export function askingMember({ admitted }: { readonly admitted: unknown }): MemberRow {
  assert(admitted !== undefined, "a route of blobs admits nobody unasked");
  return admitted as MemberRow;
}

function holds(keyId: string, signed: Uint8Array, signature: string): boolean {
  try {
    return verify(publicKeyFromHex(keyId), signed, signature);
  } catch {
    return false;
  }
}

function refused(message: string, hint?: string): ClaudemeshError {
  return new ClaudemeshError("auth_failed", message, hint === undefined ? {} : { hint });
}
