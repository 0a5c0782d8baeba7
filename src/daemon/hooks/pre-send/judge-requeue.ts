import { defaultPriority } from "../../../protocol/envelope.ts";
import { parseAddress } from "../../../protocol/address.ts";
import { newUuidV7 } from "../../../protocol/ids.ts";
import type { OutboxRowView } from "../../../protocol/local-api.ts";
import type { RequeueChange } from "../../outbox/requeue-change.ts";
import type { PreSend } from "./pre-send.ts";

/** Another text that a row is to go out with is a new message to the pre-send hook. What stays as it was was judged when it was taken. */
export async function judgeRequeue(
  preSend: PreSend | undefined,
  row: OutboxRowView,
  change: RequeueChange,
  { inlineBytes, now }: { readonly inlineBytes: number; readonly now: number },
): Promise<RequeueChange> {
  const { patch } = change;
  if (preSend?.isOn() !== true || patch?.body === undefined) return change;
  const { kind } = parseAddress(row.to);
  const judged = await preSend.judge({
    parsed: {
      to: row.to,
      priority: patch.priority ?? defaultPriority,
      meta: patch.meta ?? "",
      mentions: [],
      replyTo: null,
    },
    clientMessageId: change.new_id ?? newUuidV7(now),
    kind: kind === "member" ? "dm" : kind,
    body: patch.body,
    contentType: patch.content_type ?? "",
    files: row.attachments,
    fits: (body) => body.length <= inlineBytes,
  });
  return {
    ...change,
    patch: { ...patch, body: judged.body, content_type: judged.contentType },
    pre_send: judged.note,
  };
}
