import { HttpRefusal } from "../../http/http-refusal.ts";
import { parseSend } from "../../http/parse-send.ts";
import { operation, type Reply, type Route } from "../../http/route.ts";
import { sendAliases, sendHeaders, sendShape } from "../../http/send.schema.ts";
import { described, text } from "../../http/shape.ts";
import type { DirectMessageState, DirectSent } from "../../protocol/direct-api.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { SendAnswer } from "../../protocol/frames.ts";
import { callerId, isWireId, wireId } from "../../protocol/ids.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { createBehind } from "../accept/behind.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import type { LimitDecision } from "../limit/limiter.ts";
import { topicOfKey } from "../route/push-entry.ts";
import type { Caller } from "./api-key-check.ts";
import { authorised, callerErrors, callerOf, meshParam } from "./authorised.ts";
import * as answers from "./direct-answers.schema.ts";
import type { DirectParts } from "./direct-parts.ts";
import { rateLimitFields, rateLimitHeaders } from "./rate-limit-fields.ts";
import { refusalOfAnswer } from "./refusal-of-answer.ts";
import { unsignedEnvelope } from "./unsigned-envelope.ts";

/** Sending without a daemon, and what became of it. */
export function directSendRoutes(parts: DirectParts): readonly Route[] {
  return [
    operation({
      name: "messageSend",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/messages",
      summary: "Hand one message to the broker; answered once it is committed. The same id again is the same message",
      params: meshParam,
      headers: sendHeaders,
      body: { ...sendShape, to: described(text(), "`#topic` or `queue:name`, opened for unsealed messages") },
      bodyBytesMax: defaultBrokerLimits.directBodyBytesMax,
      aliases: sendAliases,
      answers: [
        { status: 201, description: "Committed now", body: answers.sent, headers: rateLimitHeaders },
        { status: 200, description: "Committed by an earlier request", body: answers.sent, headers: rateLimitHeaders },
      ],
      errors: [
        ...callerErrors,
        "invalid_id",
        "id_conflict_header_body",
        "invalid_destination",
        "control_character",
        "meta_too_large",
        "unsealed_body",
        "unknown_destination",
        "not_subscribed",
        "idempotency_key_reused",
        "id_void",
        "stopping",
      ],
      ...authorised(parts, "send"),
      async handle(call) {
        const caller = callerOf(call);
        const sent = parseSend(call.body, call.headers["idempotency-key"]);
        return send(parts, caller, await unsignedEnvelope(caller, sent, parts, parts.clock.now()));
      },
    }),
    operation({
      name: "messageState",
      method: "GET",
      path: "/v1/meshes/{mesh_id}/messages/{id}",
      summary: "What became of a message of the key's member, by the id that it was sent under",
      params: { ...meshParam, id: described(text(), "The caller's own form, or as on the wire") },
      answers: [{ status: 200, description: "Committed, and who has it", body: answers.messageState }],
      errors: callerErrors,
      ...authorised(parts, "send"),
      handle: async (call) => ({ status: 200, body: await stateOf(parts, callerOf(call), call.params.id) }),
    }),
  ];
}

/** Through the same phases as every envelope of a link; see SenderLink for what is different. */
async function send(parts: DirectParts, { key, member }: Caller, envelope: Envelope): Promise<Reply> {
  let decision: LimitDecision | null = null;
  let acceptedAt: string | null = null;
  const answer = await new Promise<SendAnswer>((resolve, reject) => {
    parts.accepter.accept(
      {
        meshId: key.mesh_id,
        memberId: member.member_id,
        linkEpoch: null,
        inlineBytes: parts.limits.inlineBytes,
        // Of this request alone: nothing is held back for another one.
        behind: createBehind(1),
        direct: {
          keyId: key.key_id,
          decided(made) {
            decision = made;
          },
          committed(at) {
            acceptedAt = rfc3339(at);
          },
        },
        overrun() {},
      },
      [envelope],
      ([only]) => {
        if (only === undefined) reject(new ClaudemeshError("internal", "the broker gave no answer"));
        else resolve(only);
      },
    );
  });
  const headers = rateLimitFields(parts.limits, decision);
  if (!("duplicate" in answer)) throw new HttpRefusal(refusalOfAnswer(answer, envelope), headers);
  const body: DirectSent = {
    client_message_id: callerId(member.member_id, answer.client_message_id),
    broker_message_id: answer.broker_message_id,
    history_id: answer.history_id,
    duplicate: answer.duplicate,
    accepted_at: answer.duplicate ? answer.first_seen_at : (acceptedAt ?? envelope.sent_at),
    history_available: answer.duplicate ? answer.history_available : true,
  };
  return { status: answer.status, body, headers };
}

/** Ids that a member's message may have on the wire, of what its sender calls it; none of what cannot be an id. */
function wireIds(memberId: string, id: string): readonly string[] {
  return [wireId(memberId, id), id].filter(isWireId);
}

async function stateOf(parts: DirectParts, { key, member }: Caller, id: string): Promise<DirectMessageState> {
  const { store } = parts;
  const found = await store.lookUp(key.mesh_id, wireIds(member.member_id, id));
  for (const record of found.values()) {
    if (record.kind !== "record" || record.sender !== member.member_id) continue;
    const kept = record.history_available ? await store.messageAt(key.mesh_id, record.seq) : null;
    const topicId = kept === null ? null : topicOfKey(kept.destination);
    return {
      client_message_id: callerId(member.member_id, record.client_message_id),
      broker_message_id: record.broker_message_id,
      history_id: record.seq,
      accepted_at: rfc3339(record.first_seen_at),
      history_available: record.history_available,
      delivered_to:
        topicId === null ? null : await store.topicProgress(key.mesh_id, topicId, record.seq, member.member_id),
    };
  }
  throw new ClaudemeshError("not_found", "the broker has no message of this member under that id", {
    hint: "it was never committed, or so long ago that its record is over; send it again with the same id",
  });
}
