import { closeCodes } from "../../protocol/close-codes.ts";
import type { MembershipHead } from "../../protocol/membership-frames.ts";
import { endedText, ownEnd } from "../membership/own-standing.ts";
import type { LinkRequest, Membership } from "../parts.ts";

export interface ChainFollower {
  /** The broker told where its chain stands; resolves when ours has followed as far as it can. */
  told(head: MembershipHead | null): Promise<void>;
  closed(): void;
}

/**
 * Keeps this home's chain at the broker's for as long as a link lasts. `end` is called once, as if the broker had closed the
 * link, when the chain says that this member is none any more.
 */
export function createChainFollower(
  { membership, identity }: { readonly membership: Membership; readonly identity: { readonly memberId: string } },
  request: LinkRequest,
  end: (code: number, reason: string) => void,
): ChainFollower {
  const endIfEnded = (): void => {
    const how = ownEnd(membership, identity.memberId);
    if (how !== null) end(closeCodes.member_revoked, endedText(how));
  };
  const forget = membership.onChange(endIfEnded);
  return {
    async told(head) {
      const state = membership.state();
      const same = state === null ? head === null : head?.hash === state.head && membership.trouble() === null;
      if (!same) await membership.follow(request);
      endIfEnded();
    },
    closed: () => void forget(),
  };
}
