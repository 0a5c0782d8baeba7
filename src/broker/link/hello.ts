import type { CloseKind } from "../../protocol/close-codes.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { HelloFrame } from "../../protocol/frames.ts";
import { helloBytes, publicKeyFromHex, verify } from "../../protocol/signing.ts";
import { currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import type { BrokerStore, EndedStatus, MemberRow, MeshRow } from "../store/store.ts";

/** Why an opening ends: the kind of its close code. */
export class OpeningRefused extends Error {
  readonly kind: CloseKind;
  readonly facts: Readonly<Record<string, unknown>>;
  constructor(kind: CloseKind, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.kind = kind;
    this.facts = facts;
  }
}

/** What the hello was made for, as far as the broker knows it. */
export interface HelloContext {
  readonly nonce: string;
  readonly brokerId: string;
  readonly authority: string;
  readonly authorities: ReadonlySet<string>;
  /** Of the listener; null: it has no TLS. */
  readonly certificatePrint: string | null;
  /** The operator has named a public address, so TLS may end before this broker. */
  readonly behindProxy: boolean;
}

/**
 * Proves a hello (wire.md §1): the signature of the member's key in use over the whole hello, our nonce, our broker_id and
 * the authority that was dialled. A hello relayed from, or to, another broker fails. Only then is the store asked.
 */
export async function proveHello(
  hello: HelloFrame,
  context: HelloContext,
  store: Pick<BrokerStore, "meshById" | "member">,
  chainOf: (meshId: string) => Promise<MembershipState | null>,
): Promise<{ mesh: MeshRow; member: MemberRow; chain: MembershipState | null }> {
  // What a connection says about its own address proves nothing; that the address is one of ours does.
  if (!context.authorities.has(context.authority)) {
    throw new OpeningRefused(
      "auth_failed",
      `this broker is not reached as ${JSON.stringify(context.authority.slice(0, 100))}; its operator can list the name under [listen] authorities`,
    );
  }
  // Behind a proxy daemons meet the proxy's certificate and pin none; everywhere else it is the listener's own.
  const met = hello.certificate_print ?? null;
  if (met !== context.certificatePrint && !(met === null && context.behindProxy))
    throw new OpeningRefused(
      "auth_failed",
      "the certificate that this daemon met is not this broker's: somebody stands between",
    );
  if (!signatureHolds(hello, context))
    throw new OpeningRefused("auth_failed", "the hello's signature does not hold for this broker and address");
  const mesh = await store.meshById(hello.mesh_id);
  const member = mesh === null ? null : await store.member(hello.mesh_id, hello.member_id);
  if (mesh === null || member === null) throw new OpeningRefused("auth_failed", "not a member of this mesh");
  const chain = await chainOf(mesh.mesh_id);
  // Whom no chain names yet has the key that it was added by.
  const inChain = chain?.members.get(hello.member_id);
  if (hello.key_id !== (inChain === undefined ? hello.member_id : currentKeys(inChain).keyId))
    throw new OpeningRefused("auth_failed", "key_id is not the key in use of this member");
  if (member.status !== "active") throw new OpeningRefused("member_revoked", `the member ${endedWords[member.status]}`);
  return { mesh, member, chain };
}

const endedWords = {
  left: "has left",
  revoked: "was revoked",
  expired: "has expired: it was ephemeral, and not here for too long",
} as const satisfies Record<EndedStatus, string>;

function signatureHolds(
  hello: HelloFrame,
  { nonce, brokerId, authority }: { nonce: string; brokerId: string; authority: string },
): boolean {
  try {
    return verify(publicKeyFromHex(hello.key_id), helloBytes(hello, nonce, brokerId, authority), hello.signature);
  } catch (thrown) {
    throw new OpeningRefused("auth_failed", ClaudemeshError.from(thrown).message);
  }
}
