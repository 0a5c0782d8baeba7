import { requireUse } from "../../membership/rules.ts";
import { letOthersRun } from "../../upkeep/upkeep-job.ts";
import { request } from "./frame-handler.ts";

/** Those that were dead when it was asked: one that dies again meanwhile has had its deliveries again. */
export const onQueueRequeue = request<"queue_requeue">(async (frame, link, parts) => {
  requireUse(await parts.membership.known(link.meshId), link.memberId, `queue:${frame.queue}`);
  const limit = parts.limits.queueRowsMax;
  const now = parts.clock.now();
  let requeued = 0;
  for (let more = true; more; ) {
    const count = await parts.store.requeueDead(link.meshId, frame.queue, { seqs: frame.seqs, limit, now });
    requeued += count;
    more = frame.seqs === null && count === limit;
    parts.queues.ready(link.meshId, frame.queue);
    await letOthersRun();
  }
  return { requeued };
});
