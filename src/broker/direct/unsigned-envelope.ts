import { apiKeySender } from "../../protocol/api-key.ts";
import type { Address } from "../../protocol/address.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { envelopeFingerprint, highestFingerprint, requestFingerprintVersion } from "../../protocol/fingerprint.ts";
import { sortedUnique } from "../../protocol/fingerprint-parts.ts";
import { newUuidV7, wireId } from "../../protocol/ids.ts";
import { suggest } from "../../protocol/suggest.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { ParsedSend } from "../../http/parse-send.ts";
import type { FingerprintPolicy } from "../accept/fingerprint-policy.ts";
import type { BrokerStore } from "../store/store.ts";
import type { Caller } from "./api-key-check.ts";
import { requireDestination } from "./authorised.ts";

/** The envelope of a request as its caller wrote it, in the form that says who vouches for it: the key, and no signature. */
export async function unsignedEnvelope(
  caller: Caller,
  sent: ParsedSend,
  { store, fingerprints }: { readonly store: Pick<BrokerStore, "members">; readonly fingerprints: FingerprintPolicy },
  now: number,
): Promise<Envelope> {
  const { key, member } = caller;
  const minted = sent.clientMessageId === null;
  const destination = destinationOf(caller, sent.address);
  const draft: Envelope = {
    version: highestFingerprint(fingerprints.offered()) ?? requestFingerprintVersion,
    mesh_id: key.mesh_id,
    sender: member.member_id,
    key_id: apiKeySender(key.key_id),
    client_message_id: wireId(member.member_id, sent.clientMessageId ?? newUuidV7(now), { minted }),
    destination_kind: destination.kind,
    destination_ref: destination.name,
    reply_to: sent.replyTo,
    supersedes: null,
    priority: sent.priority,
    meta: sent.meta,
    mentions: sortedUnique(await mentioned(key.mesh_id, sent.mentioned, store)),
    content_type: sent.contentType,
    algorithm: "none",
    sealed_to: null,
    body: Buffer.from(sent.body).toString("base64url"),
    request_fingerprint: "",
    membership_head: null,
    signature: "",
    sent_at: rfc3339(now),
  };
  return { ...draft, request_fingerprint: envelopeFingerprint(draft, sent.body).toString("hex") };
}

function destinationOf(caller: Caller, address: Address): Exclude<Address, { kind: "member" }> {
  if (address.kind === "member")
    throw new ClaudemeshError("unsealed_body", "a direct message is never taken unsealed", {
      hint: "send to a topic that is open for it: claudemesh topic open NAME --unsealed",
    });
  requireDestination(caller, address.kind === "topic" ? `#${address.name}` : `queue:${address.name}`);
  return address;
}

/**
 * member_ids of those mentioned. Names are never given to another member, and who was revoked is still found: a request
 * that is repeated later means the same members, so it has the same fingerprint.
 */
async function mentioned(
  meshId: string,
  addresses: readonly Address[],
  store: Pick<BrokerStore, "members">,
): Promise<string[]> {
  if (addresses.length === 0) return [];
  const members = await store.members(meshId);
  return addresses.map((address) => {
    // What is no member was refused when the request was read.
    const { member: written, byId } = address as Extract<Address, { kind: "member" }>;
    const found = members.find((one) => (byId ? one.member_id : one.name.toLowerCase()) === written);
    if (found !== undefined) return found.member_id;
    const suggestions = suggest(
      `@${written}`,
      members.map(({ name }) => `@${name}`),
    );
    throw new ClaudemeshError("unknown_destination", `@${written} does not exist in this mesh`, {
      hint: suggestions.length > 0 ? `did you mean ${suggestions.join(" or ")}?` : "GET members lists them",
      details: { to: `@${written}`, suggestions },
    });
  });
}
