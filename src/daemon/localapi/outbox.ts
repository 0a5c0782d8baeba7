import { ClaudemeshError } from "../../protocol/error.ts";
import { checkClientMessageId } from "../../protocol/ids.ts";
import type { JsonValue } from "../../protocol/json-value.ts";
import { type OutboxRowView, outboxStatuses } from "../../protocol/local-api.ts";
import { callersMeta } from "../../protocol/sender-agent.ts";
import type { Clock } from "../../base/clock.ts";
import { judgeRequeue } from "../hooks/pre-send/judge-requeue.ts";
import type { PreSend } from "../hooks/pre-send/pre-send.ts";
import type { RequeueChange } from "../outbox/requeue-change.ts";
import type { Outbox } from "../parts.ts";
import { readContent, readContentType } from "../../http/message-content.ts";
import { pageOf, pageShape, readPage } from "../../http/page.ts";
import { operation, type Route, type Transport } from "../../http/route.ts";
import { contentShape } from "../../http/send.schema.ts";
import { described, inPath, objectOf, optional, type Reading, someOf, text, truth, whole } from "../../http/shape.ts";
import { outboxRow } from "./answers/outbox.schema.ts";

const requeueShape = {
  new_id: described(optional(text()), "Absent: one is made"),
  patch: described(optional(objectOf(contentShape)), "Replaces these fields of the message"),
};
const rowParams = { row: inPath(described(whole(1, Number.MAX_SAFE_INTEGER), "outbox_id"), noSuchRow) };

export function outboxRoutes(parts: {
  readonly outbox: Outbox;
  readonly inlineBytes: () => number;
  readonly preSend?: PreSend;
  readonly clock: Clock;
}): readonly Route[] {
  const { outbox } = parts;
  return [
    operation({
      name: "outboxList",
      method: "GET",
      path: "/v1/outbox",
      summary: "Rows of the outbox, oldest first",
      query: { ...pageShape, state: optional(someOf(...outboxStatuses)) },
      answers: [{ status: 200, description: "One page", body: pageOf(outboxRow) }],
      handle: ({ query }) => ({ status: 200, body: outbox.list({ states: query.state ?? null, ...readPage(query) }) }),
    }),
    operation({
      name: "outboxRow",
      method: "GET",
      path: "/v1/outbox/{row}",
      summary: "One row of the outbox",
      params: rowParams,
      answers: [{ status: 200, description: "The row", body: outboxRow }],
      handle: ({ params }) => ({ status: 200, body: existing(outbox, params.row) }),
    }),
    operation({
      name: "outboxRequeue",
      method: "POST",
      path: "/v1/outbox/{row}/requeue",
      summary: "Send a pending or dead row again under a new id, with the same destination",
      params: rowParams,
      body: requeueShape,
      bodyOptional: true,
      answers: [{ status: 200, description: "The row that takes its place", body: outboxRow }],
      errors: [
        "row_not_requeueable",
        "outbox_full",
        "store_unavailable",
        "outcome_unknown",
        "outcome_pending",
        "already_exists",
        "invalid_id",
        "control_character",
        "meta_too_large",
        "hook_refused",
      ],
      handle: async ({ params, body, transport }) => {
        const row = existing(outbox, params.row);
        const inlineBytes = parts.inlineBytes();
        const change = await judgeRequeue(parts.preSend, row, readChange(body, inlineBytes), {
          inlineBytes,
          now: parts.clock.now(),
        });
        return { status: 200, body: await outbox.requeue(params.row, change, by(transport)) };
      },
    }),
    operation({
      name: "outboxDrop",
      method: "POST",
      path: "/v1/outbox/{row}/drop",
      summary: "Give a pending or dead row up",
      params: rowParams,
      body: { force: described(optional(truth()), "Even while the outcome is unknown and the broker cannot be asked") },
      bodyOptional: true,
      answers: [{ status: 200, description: "The row, given up, or done if it had been accepted", body: outboxRow }],
      errors: ["row_not_requeueable", "outcome_pending", "store_unavailable", "outcome_unknown"],
      handle: async ({ params, body, transport }) => {
        existing(outbox, params.row);
        return { status: 200, body: await outbox.drop(params.row, { force: body.force ?? false }, by(transport)) };
      },
    }),
  ];
}

function existing(outbox: Outbox, outboxId: number): OutboxRowView {
  const row = outbox.row(outboxId);
  if (row === null) throw noSuchRow();
  return row;
}

function noSuchRow(): ClaudemeshError {
  return new ClaudemeshError("not_found", "the outbox has no such row", { hint: "claudemesh outbox list" });
}

function readChange(written: Reading<typeof requeueShape>, inlineBytes: number): RequeueChange {
  if (written.new_id !== undefined) checkClientMessageId(written.new_id);
  return {
    ...(written.new_id === undefined ? {} : { new_id: written.new_id }),
    ...(written.patch === undefined ? {} : { patch: readPatch(written.patch, inlineBytes) }),
  };
}

function readPatch(patch: Reading<typeof contentShape>, inlineBytes: number): NonNullable<RequeueChange["patch"]> {
  const content = patch.message === undefined && patch.body === undefined ? null : readContent(patch);
  if (content !== null && content.body.length > inlineBytes) {
    throw new ClaudemeshError(
      "body_too_large",
      `the message has ${content.body.length} bytes; sealed, this mesh takes a body of ${inlineBytes}`,
      {
        details: { bytes: content.body.length, bytes_max: inlineBytes },
      },
    );
  }
  const contentType = patch.content_type === undefined ? null : readContentType(patch.content_type, "");
  return {
    ...(content === null ? {} : { body: content.body, content_type: content.contentType }),
    ...(contentType === null ? {} : { content_type: contentType }),
    ...(patch.meta === undefined ? {} : { meta: callersMeta(patch.meta as JsonValue) }),
    ...(patch.priority === undefined ? {} : { priority: patch.priority }),
  };
}

/** Kept in `aborted_by`. */
function by(transport: Transport): string {
  return `local api, ${transport}`;
}
