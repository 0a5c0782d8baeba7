import { ClaudemeshError } from "../../../protocol/error.ts";
import { requireUse } from "../../membership/rules.ts";
import { unknownQueue } from "../../store/queue-refusals.ts";
import { letOthersRun } from "../../upkeep/upkeep-job.ts";
import type { LinkParts } from "../link-parts.ts";
import type { LiveLink } from "../live-link.ts";
import { request } from "./frame-handler.ts";

/** Who made a queue may delete it, as may owners and admins. What it still holds is given up only by force. */
export const onQueueDelete = request<"queue_delete">(async (frame, link, parts) => {
  requireUse(await parts.membership.known(link.meshId), link.memberId, `queue:${frame.queue}`);
  await requireKeeper(frame.queue, link, parts);
  const { clock, limits, store } = parts;
  const told = new Set<string>();
  for (let done = false; !done; ) {
    const options = { force: frame.force, limit: limits.queueRowsMax, now: clock.now() };
    const part = await store.deleteQueue(link.meshId, frame.queue, options);
    for (const { to } of part.notices) told.add(to);
    done = part.done;
    await letOthersRun();
  }
  parts.log.info(
    { audit: "queue_deleted", mesh_id: link.meshId, member_id: link.memberId, queue: frame.queue, force: frame.force },
    "a queue was deleted",
  );
  for (const memberId of told) void parts.notices.tell(link.meshId, memberId);
  // Who waits for its messages hears that it is gone.
  parts.queues.ready(link.meshId, frame.queue);
  parts.news.tell(link.meshId, { type: "event", event: "queue_deleted", queue: frame.queue }, link.memberId);
  return { name: frame.queue };
});

async function requireKeeper(queue: string, link: LiveLink, parts: LinkParts): Promise<void> {
  const row = await parts.store.queueByName(link.meshId, queue);
  if (row === null) throw unknownQueue(queue);
  const member = await parts.store.member(link.meshId, link.memberId);
  if (row.created_by === link.memberId || member?.role === "owner" || member?.role === "admin") return;
  throw new ClaudemeshError("not_allowed", `Only who made the queue ${queue}, owners and admins may delete it.`, {
    hint: "ask one of them; claudemesh members shows the roles",
  });
}
