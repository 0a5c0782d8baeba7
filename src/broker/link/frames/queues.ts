import type { QueueInfo } from "../../../protocol/queue-frames.ts";
import { unknownQueue } from "../../store/queue-refusals.ts";
import { queueInfo } from "../queue-info.ts";
import { request } from "./frame-handler.ts";

export const onQueues = request<"queues">(async (frame, link, parts) => {
  if (frame.queue !== null) {
    const row = await parts.store.queueByName(link.meshId, frame.queue);
    if (row === null) throw unknownQueue(frame.queue);
    return { queues: [await queueInfo(row, parts, frame.counts)] };
  }
  const queues: QueueInfo[] = [];
  for (const row of await parts.store.queues(link.meshId)) queues.push(await queueInfo(row, parts, frame.counts));
  return { queues };
});
