import { ClaudemeshError } from "../../../protocol/error.ts";
import { rfc3339 } from "../../../protocol/time.ts";
import { requireUse } from "../../membership/rules.ts";
import { answerBytesMax, queueItem } from "../queue-info.ts";
import { waitingRequest } from "./frame-handler.ts";

/** What is claimed is leased from the commit on, whether or not the answer arrives: then the lease runs out. */
export const onClaim = waitingRequest<"claim">(async (frame, link, parts) => {
  if (!link.receives)
    throw new ClaudemeshError("not_allowed", "another daemon of this member receives; this one only sends", {
      hint: "claudemesh status",
    });
  const destination = `queue:${frame.queue}`;
  const claimed = await parts.queues.claim({
    meshId: link.meshId,
    memberId: link.memberId,
    queue: frame.queue,
    limit: frame.limit,
    limitBytes: answerBytesMax(parts),
    leaseMs: frame.lease_ms,
    waitMs: frame.wait_ms,
    owner: link.connectionId,
    claimId: frame.id,
    // It may wait long: its member may be limited to other queues meanwhile.
    permit: async () => requireUse(await parts.membership.known(link.meshId), link.memberId, destination),
    alive: () => parts.registry.get(link.meshId, link.memberId) === link,
  });
  return {
    messages: claimed.map(({ message, lease_until, ...lease }) => ({
      ...lease,
      lease_until: rfc3339(lease_until),
      item: queueItem(message, link.inlineBytes),
    })),
  };
});
