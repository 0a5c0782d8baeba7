import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { LogPlace } from "../../protocol/membership/entry.ts";
import type { MembershipHead } from "../../protocol/membership-frames.ts";
import type { LinkRequest } from "../parts.ts";

/** What a broker says of the chain above a place. Its form is checked here; the entries prove themselves when they are applied. */
export interface ChainAnswer {
  readonly entries: readonly unknown[];
  /** null: the broker has no chain for this mesh. */
  readonly head: MembershipHead | null;
  readonly log: LogPlace;
}

/** Throws protocol_error for what is no answer. */
export async function askChain(request: LinkRequest, after: number): Promise<ChainAnswer> {
  const result = await request({ type: "membership", after });
  const { entries, head, log } = isRecord(result) ? result : {};
  const holds =
    Array.isArray(entries) &&
    entries.length <= limits.membershipPageMax &&
    (head === null || (isRecord(head) && isWhole(head["n"]) && isHash(head["hash"]))) &&
    isRecord(log) &&
    isWhole(log["epoch"]) &&
    isWhole(log["head"]);
  if (!holds) {
    throw new ClaudemeshError("protocol_error", "the broker's answer about the mesh's membership cannot be read", {
      hint: "claudemesh logs --level warn",
    });
  }
  return {
    entries,
    head: head === null ? null : { n: Number(head["n"]), hash: String(head["hash"]) },
    log: { epoch: Number(log["epoch"]), seq: Number(log["head"]) },
  };
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && isMemberId(value);
}
