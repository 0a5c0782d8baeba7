import { ClaudemeshError } from "../../protocol/error.ts";
import { checkClientMessageId } from "../../protocol/ids.ts";
import type { JsonValue } from "../../protocol/json-value.ts";
import type { OutboxStatus } from "../../protocol/local-api.ts";
import { canonicalMeta } from "../../protocol/meta.ts";
import type { Outbox, RequeueChange } from "../parts.ts";
import { readContent, readContentType } from "./message-content.ts";
import { pageShape, readPage } from "./page.ts";
import { operation, type Route, type Transport } from "./route.ts";
import { contentShape } from "./send.schema.ts";
import { objectOf, optional, type Reading, someOf, text, truth } from "./shape.ts";

const statuses: readonly OutboxStatus[] = ["pending", "inflight", "done", "dead", "aborted"];
const requeueShape = { new_id: optional(text()), patch: optional(objectOf(contentShape)) };

export function outboxRoutes(parts: { readonly outbox: Outbox; readonly inlineBytes: () => number }): readonly Route[] {
  const { outbox } = parts;
  return [
    operation({
      method: "GET",
      path: "/v1/outbox",
      summary: "Rows of the outbox, oldest first",
      query: { ...pageShape, state: optional(someOf(...statuses)) },
      body: null,
      answers: [200],
      errors: [],
      handle: ({ query }) => ({ status: 200, body: outbox.list({ states: query.state ?? null, ...readPage(query) }) }),
    }),
    operation({
      method: "GET",
      path: "/v1/outbox/{row}",
      summary: "One row of the outbox",
      query: {},
      body: null,
      answers: [200],
      errors: [],
      handle: ({ params }) => ({ status: 200, body: outbox.row(rowOf(outbox, params)) }),
    }),
    operation({
      method: "POST",
      path: "/v1/outbox/{row}/requeue",
      summary: "Send a pending or dead row again under a new id, with the same destination",
      query: {},
      body: requeueShape,
      bodyOptional: true,
      answers: [200],
      errors: [
        "row_not_requeueable",
        "outcome_pending",
        "already_exists",
        "invalid_id",
        "control_character",
        "meta_too_large",
        "outbox_full",
        "outcome_unknown",
      ],
      handle: async ({ params, body, transport }) => {
        const row = rowOf(outbox, params);
        return { status: 200, body: await outbox.requeue(row, readChange(body, parts.inlineBytes()), by(transport)) };
      },
    }),
    operation({
      method: "POST",
      path: "/v1/outbox/{row}/drop",
      summary: "Give a pending or dead row up",
      query: {},
      body: { force: optional(truth()) },
      bodyOptional: true,
      answers: [200],
      errors: ["row_not_requeueable", "outcome_pending", "outcome_unknown"],
      handle: async ({ params, body, transport }) => {
        const row = rowOf(outbox, params);
        return { status: 200, body: await outbox.drop(row, { force: body.force ?? false }, by(transport)) };
      },
    }),
  ];
}

function rowOf(outbox: Outbox, params: Readonly<Record<string, string>>): number {
  const written = params["row"] ?? "";
  const row = /^[1-9]\d{0,14}$/.test(written) ? Number(written) : null;
  if (row === null || outbox.row(row) === null) {
    throw new ClaudemeshError("not_found", "the outbox has no such row", { hint: "claudemesh outbox list" });
  }
  return row;
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
      `the message has ${content.body.length} bytes, this mesh takes ${inlineBytes}`,
      {
        details: { bytes: content.body.length, bytes_max: inlineBytes },
      },
    );
  }
  const contentType = patch.content_type === undefined ? null : readContentType(patch.content_type, "");
  return {
    ...(content === null ? {} : { body: content.body, content_type: content.contentType }),
    ...(contentType === null ? {} : { content_type: contentType }),
    ...(patch.meta === undefined ? {} : { meta: canonicalMeta(patch.meta as JsonValue) }),
    ...(patch.priority === undefined ? {} : { priority: patch.priority }),
  };
}

/** Kept in `aborted_by`. */
function by(transport: Transport): string {
  return `local api, ${transport}`;
}
