import { type Admission, type Admitted, admissionHolds, type BrokerProof } from "../../protocol/admission.ts";
import { checkMemberName } from "../../protocol/address.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { brokerProofBytes, sign } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { LinkParts } from "../link/link-parts.ts";
import { memberInfo } from "../link/member-info.ts";

export interface JoinParts
  extends Pick<LinkParts, "store" | "news" | "clock" | "log" | "limits" | "key" | "authorities"> {
  /** Of the listener that these parts serve; null: it has no TLS. */
  readonly certificatePrint: string | null;
  /** Resolves once the broker knows its own addresses, which is in the moment after its ports opened. */
  readonly listening: Promise<unknown>;
}

/** Nothing is signed for an address that is not ours: the proof would otherwise help somebody who relays it. */
export async function proveBroker(parts: JoinParts, nonce: string, authority: string): Promise<BrokerProof> {
  const { key, clock, authorities, certificatePrint } = parts;
  await parts.listening;
  if (authorities()?.has(authority) !== true) {
    throw new ClaudemeshError("host_forbidden", "this broker is not reached under that name", {
      hint: "its operator can list the name: claudemesh config set --broker listen.authorities",
    });
  }
  const serverTime = rfc3339(clock.now());
  return {
    broker_id: key.brokerId,
    broker_key: key.publicKeyHex,
    server_time: serverTime,
    certificate_print: certificatePrint,
    signature: sign(
      key.privateKey,
      brokerProofBytes({ nonce, brokerId: key.brokerId, serverTime, authority, certificatePrint }),
    ),
  };
}

/** Makes a member of who holds an invite. `admitted` false: it was one already, and nothing was used up. */
export async function admitByInvite(
  parts: JoinParts,
  meshId: string,
  admission: Admission,
): Promise<{ readonly answer: Admitted; readonly admitted: boolean }> {
  const { store, clock, news, log } = parts;
  if (!admissionHolds({ mesh_id: meshId, broker_key: parts.key.publicKeyHex }, admission)) {
    throw new ClaudemeshError("auth_failed", "the admission's signatures do not hold for this mesh and broker", {
      hint: "join with the link as it was made: claudemesh join LINK",
    });
  }
  const mesh = await store.meshById(meshId);
  // Whoever holds no invite learns nothing of which meshes there are.
  if (mesh === null)
    throw new ClaudemeshError("invite_unknown", "this broker knows no such invite", {
      hint: "ask for a new one: claudemesh invite",
    });
  const name = checkMemberName(admission.name);
  const { member, admitted } = await store.admit(meshId, { ...admission, name }, clock.now());
  if (admitted) {
    log.info(
      { audit: "member_admitted", mesh_id: meshId, member_id: member.member_id, name, invite_id: admission.invite_id },
      "a member joined by an invite",
    );
    const info = memberInfo(member, clock.now(), parts.limits.presenceLeaseMs);
    news.tell(meshId, { type: "event", event: "member_joined", member: info });
  }
  return {
    admitted,
    answer: { mesh_id: meshId, slug: mesh.slug, member_id: member.member_id, name: member.name, role: member.role },
  };
}
