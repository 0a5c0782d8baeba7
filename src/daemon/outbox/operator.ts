import { ClaudemeshError } from "../../protocol/error.ts";
import { localFingerprintVersion } from "../../protocol/fingerprint.ts";
import { checkClientMessageId, newUuidV7 } from "../../protocol/ids.ts";
import type { OutboxRowView } from "../../protocol/local-api.ts";
import { parseMeta } from "../../protocol/meta.ts";
import { readSenderNote, type SenderNote, withSenderNote } from "../../protocol/sender-agent.ts";
import type { RequeueChange } from "./requeue-change.ts";
import { tellMismatches } from "./committed-before.ts";
import { settleCommitted } from "./drain.ts";
import type { OutboxCore } from "./outbox.ts";
import { type OutboxRow, rowView } from "./row.ts";
import { rowFingerprint } from "./row-fingerprint.ts";

/**
 * Takes a row out of the queue. While an attempt of it is unanswered the broker is asked to void the id first: a
 * message that was committed all along makes the row done instead. `force` skips the question and says what it risks.
 */
export async function dropRow(
  core: OutboxCore,
  outboxId: number,
  how: { force: boolean },
  by: string,
): Promise<OutboxRowView> {
  const row = existing(core, outboxId);
  if (row.status === "done" || row.status === "aborted") {
    throw new ClaudemeshError("row_not_requeueable", `row ${outboxId} is ${row.status} already`, {
      hint: `see \`claudemesh outbox inspect ${outboxId}\``,
      details: { row_status: row.status },
    });
  }
  if (!how.force && (await voided(core, row)) !== "void") return view(core, outboxId);
  const now = core.options.clock.now();
  core.transaction(() => {
    const current = existing(core, outboxId);
    if (current.status === "done" || current.status === "aborted") return;
    const risk =
      how.force && current.unanswered > 0
        ? JSON.stringify({
            code: "outcome_unknown",
            message: "dropped by force while its outcome was unknown: the message may have been delivered",
          })
        : null;
    core.queries.aborted(outboxId, { by, supersededBy: null, lastError: risk }, now);
    core.moved(current.status, "aborted");
    if (current.status === "inflight") core.order.settled(current.destination, null);
  });
  core.teller.tell([outboxId]);
  core.work();
  return view(core, outboxId);
}

/** A pending or dead row is aborted and a new one with a fresh id takes its place, in one transaction. */
export async function requeueRow(
  core: OutboxCore,
  outboxId: number,
  change: RequeueChange,
  by: string,
): Promise<OutboxRowView> {
  const row = existing(core, outboxId);
  if (row.status !== "pending" && row.status !== "dead") {
    throw new ClaudemeshError(
      "row_not_requeueable",
      `row ${outboxId} is ${row.status}; only pending and dead rows can be requeued`,
      {
        hint: `see \`claudemesh outbox inspect ${outboxId}\``,
        details: { row_status: row.status },
      },
    );
  }
  if (row.body === null && change.patch?.body === undefined) {
    throw new ClaudemeshError("row_not_requeueable", `row ${outboxId} is a tombstone: its body is no longer kept`, {
      hint: "send the message anew",
    });
  }
  core.refuseWhenFull();
  if ((await voided(core, row)) !== "void") {
    throw new ClaudemeshError("row_not_requeueable", `row ${outboxId} turned out to be accepted by the broker`, {
      details: { row_status: view(core, outboxId).status },
    });
  }
  const now = core.options.clock.now();
  const minted = change.new_id === undefined;
  const newId = change.new_id === undefined ? newUuidV7(now) : checkClientMessageId(change.new_id);
  const created = core.transaction(() => {
    const old = existing(core, outboxId);
    if (old.status !== "pending" && old.status !== "dead")
      throw new ClaudemeshError("row_not_requeueable", `row ${outboxId} is ${old.status} now`);
    if (core.queries.rowByClientId(newId) !== null)
      throw new ClaudemeshError("already_exists", `the id ${newId} is bound to another row`);
    const id = core.queries.insert({
      ...copyOf(core, old),
      ...patched(core, old, change),
      client_message_id: newId,
      minted: minted ? 1 : 0,
      enqueued_at: now,
      resealed: 0,
    });
    core.queries.aborted(old.id, { by, supersededBy: id, lastError: null }, now);
    core.moved(old.status, "aborted");
    core.moved(null, "pending");
    core.order.add(old.destination);
    return id;
  });
  core.teller.tell([outboxId]);
  core.work();
  return view(core, created);
}

/** "void": nothing of the row's can be, or become, committed. "settled": the broker's record has settled the row. */
async function voided(core: OutboxCore, row: OutboxRow): Promise<"void" | "settled"> {
  if (row.transmitted === 0 || row.status === "dead") return "void";
  let answer: Awaited<ReturnType<OutboxCore["options"]["voidIds"]>>[number] | undefined;
  try {
    [answer] = await core.options.voidIds([core.wireIdOf(row)]);
  } catch (cause) {
    // Every attempt was refused for certain, and what a refusal holds back at the broker ends with the link.
    if (row.unanswered === 0) return "void";
    throw new ClaudemeshError(
      "outcome_pending",
      `the outcome of row ${row.id} is unknown and the broker cannot be asked now`,
      {
        cause,
        hint: `wait for the link (\`claudemesh doctor\`), or \`claudemesh outbox drop ${row.id} --force\` and risk that the message is delivered all the same`,
      },
    );
  }
  if (answer === undefined) throw new ClaudemeshError("outcome_pending", `the broker did not answer for row ${row.id}`);
  if (answer.status === "void") return "void";
  const committed = answer;
  core.transaction(() => {
    const current = existing(core, row.id);
    if (current.status === "done" || current.status === "aborted") return;
    settleCommitted(core, current, committed, core.options.clock.now());
    if (current.status === "inflight") core.order.settled(current.destination, null);
  });
  tellMismatches(core, [row.id]);
  core.teller.tell([row.id]);
  return "settled";
}

/** What a row that supersedes another takes over from it. Where a message goes is copied, never derived anew. */
export function copyOf(core: OutboxCore, row: OutboxRow) {
  return {
    to_text: row.to_text,
    destination: row.destination,
    destination_kind: row.destination_kind,
    destination_ref: row.destination_ref,
    mentions: row.mentions,
    mentions_written: row.mentions_written,
    reply_to: row.reply_to,
    body: row.body ?? new Uint8Array(),
    content_type: row.content_type,
    priority: row.priority,
    meta: row.meta,
    request_fingerprint: row.request_fingerprint,
    fingerprint_version: row.fingerprint_version,
    supersedes: core.wireIdOf(row),
    supersedes_row: row.id,
    attachments: row.attachments,
    pre_send: row.pre_send,
  };
}

function patched(core: OutboxCore, row: OutboxRow, change: RequeueChange) {
  const content = {
    body: change.patch?.body ?? row.body ?? new Uint8Array(),
    content_type: change.patch?.content_type ?? row.content_type,
    priority: change.patch?.priority ?? row.priority,
    meta: change.patch?.meta === undefined ? row.meta : withSenderNote(change.patch.meta, senderNoteOf(row)),
  };
  // What pre-send said of another content is said of this one no more.
  const isOther = change.patch?.body !== undefined || change.patch?.content_type !== undefined;
  const pre_send = isOther ? (change.pre_send ?? "") : row.pre_send;
  const request_fingerprint = rowFingerprint(core.options.meshId, { ...row, ...content, pre_send });
  return { ...content, pre_send, request_fingerprint, fingerprint_version: localFingerprintVersion };
}

/** What the daemon said of the sender when the message was sent: a patch of its meta leaves that. */
function senderNoteOf({ meta }: OutboxRow): SenderNote {
  return readSenderNote(parseMeta(meta)).note;
}

function existing(core: OutboxCore, outboxId: number): OutboxRow {
  const row = core.queries.row(outboxId);
  if (row === null)
    throw new ClaudemeshError("not_found", `there is no outbox row ${outboxId}`, {
      hint: "see `claudemesh outbox list`",
    });
  return row;
}

function view(core: OutboxCore, outboxId: number): OutboxRowView {
  return rowView(existing(core, outboxId));
}
