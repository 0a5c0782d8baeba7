import type { Clock } from "../../base/clock.ts";
import { checkName } from "../../protocol/address.ts";
import { shownAttachment } from "../../protocol/attachment.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { localFingerprint, localFingerprintVersion } from "../../protocol/fingerprint.ts";
import { contentHash } from "../../protocol/content-hash.ts";
import { sortedUnique } from "../../protocol/fingerprint-parts.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import type { Durability, SendResult } from "../../protocol/local-api.ts";
import { withSenderNote } from "../../protocol/sender-agent.ts";
import { noSuchAgent } from "../agents/which-agent.ts";
import type { Files } from "../files/files.ts";
import { frameContent } from "../sealing/content.ts";
import { contentOverheadBytes } from "../../protocol/envelope.ts";
import { type Attached, localSendShape, readAttached } from "./attached.ts";
import { requireOwnMembership } from "../membership/own-standing.ts";
import type { PreSendPayload } from "../hooks/pre-send/payload.ts";
import { type Judged, type PreSend, refusedBy } from "../hooks/pre-send/pre-send.ts";
import type { CallerFingerprint } from "../outbox/caller-fingerprint.ts";
import type { Directory, Link, Membership, Outbox, OutboxAnswer } from "../parts.ts";
import { type Destination, type KnownAgents, resolveAddress, resolveMember, type Self } from "../resolve-address.ts";
import { type ParsedSend, parseSend } from "../../http/parse-send.ts";
import { operation, type Route } from "../../http/route.ts";
import { sendResult } from "./answers/send.schema.ts";
import { sendAliases, sendHeaders } from "../../http/send.schema.ts";

/** What every send needs, whoever asks for it. */
export interface SendParts {
  readonly outbox: Outbox;
  readonly link: Link;
  readonly membership: Pick<Membership, "state">;
  readonly files: Pick<Files, "attachment">;
  readonly self: Self;
  readonly agents: KnownAgents;
  readonly meshId: string;
  isReadOnly(): boolean;
  readonly durability: Durability;
  /** Absent: nothing is asked before a message is stored. */
  readonly preSend?: PreSend;
  readonly clock: Clock;
  /** Called once per answer. */
  readonly observe: (sent: { kind: "dm" | "topic" | "queue" | "known"; status: string; duplicate: boolean }) => void;
}

/** The same for callers, who are agents or people: that a hook has replied is nobody's reading. */
export interface SendRouteParts extends SendParts {
  /** A reply is on disk: whoever wrote it has read what it answers. `agent`: in whose name it is. */
  readonly answered: (brokerMessageId: string, agent: string | null) => void;
}

/** `POST /v1/send`, in the fixed order of delivery.md §3. */
export function sendRoutes(parts: SendRouteParts): readonly Route[] {
  return [
    operation({
      name: "send",
      method: "POST",
      path: "/v1/send",
      summary: "Store one message durably; it is sent to the broker as soon as that can be reached",
      headers: sendHeaders,
      body: localSendShape,
      aliases: { ...sendAliases, files: "attachments", attach: "attachments", attachment: "attachments" },
      answers: [
        { status: 200, description: "Known, and accepted by the broker already", body: sendResult },
        { status: 202, description: "Kept here, where `durability` says", body: sendResult },
      ],
      errors: [
        "invalid_id",
        "file_gone",
        "id_conflict_header_body",
        "invalid_destination",
        "not_a_member",
        "control_character",
        "meta_too_large",
        "unknown_destination",
        "unknown_agent",
        "idempotency_key_reused",
        "outcome_unknown",
        "directory_unavailable",
        "hook_refused",
        "store_unavailable",
        "outbox_full",
      ],
      async handle({ body: { attachments = [], from_agent, hops = 0, ...message }, headers }) {
        const parsed = parseSend(message, headers["idempotency-key"]);
        const agent = from_agent === undefined ? null : checkName(from_agent, "agent");
        // Under every fingerprint: the same id from another agent is another message.
        const meta = withSenderNote(parsed.meta, { agent, hops });
        const reply = await sendMessage(
          parts,
          { ...parsed, meta, fromAgent: agent },
          readAttached(parts.files, attachments),
        );
        if (parsed.replyTo !== null) parts.answered(parsed.replyTo, agent);
        return reply;
      },
    }),
  ];
}

/** A send whose meta says, where it is one, which agent of this member's sends it. */
export type NotedSend = ParsedSend & { readonly fromAgent: string | null };

interface Sent {
  readonly status: 200 | 202;
  readonly body: SendResult;
}

/** One send from its reading on, whoever asks for it. */
export async function sendMessage(parts: SendParts, parsed: NotedSend, attached: Attached): Promise<Sent> {
  const minted = parsed.clientMessageId === null;
  const clientMessageId = parsed.clientMessageId ?? newUuidV7(parts.clock.now());
  const written = {
    meshId: parts.meshId,
    ref: parsed.to,
    replyTo: parsed.replyTo ?? "",
    priority: parsed.priority,
    meta: parsed.meta,
    mentions: parsed.mentions,
    contentType: parsed.contentType,
    bodyHash: contentHash(parsed.body, attached.called),
  };
  const present = localFingerprint(written);
  const fingerprint: CallerFingerprint = (version) =>
    version === localFingerprintVersion ? present : localFingerprint(written, version);
  // A known id is answered from its row even when its destination is gone or the directory was never seen: a retry
  // must get the original answer.
  const known = minted ? null : parts.outbox.peek(clientMessageId, fingerprint);
  if (known !== null) return answer(parts, "known", known);

  const { preSend } = parts;
  const sending = { parsed, attached, clientMessageId, fingerprint };
  if (preSend?.isOn() !== true) return store(parts, sending, null);
  // Of several at once that are the same the first one asks the hook, and the others get its answer.
  return preSend.inTurn(clientMessageId, async () => {
    const meanwhile = minted ? null : parts.outbox.peek(clientMessageId, fingerprint);
    return meanwhile === null ? store(parts, sending, preSend) : answer(parts, "known", meanwhile);
  });
}

/** One send that is not known. */
interface Sending {
  readonly parsed: NotedSend;
  readonly attached: Attached;
  readonly clientMessageId: string;
  readonly fingerprint: CallerFingerprint;
}

async function store(parts: SendParts, sending: Sending, preSend: PreSend | null): Promise<Sent> {
  const { parsed, attached, clientMessageId, fingerprint } = sending;
  requireOwnMembership(parts.membership, parts.self.memberId, parts.isReadOnly());
  if (parsed.fromAgent !== null && parts.agents.nameOf(parsed.fromAgent) === null)
    throw noSuchAgent(parsed.fromAgent, parts.agents.names());
  const { destination, mentions } = await resolve(parts, parsed);
  const attachments = attached.resolve();
  const inlineBytes = parts.link.inlineBytes();
  const sealedBytes = (body: Uint8Array): number => frameContent(attachments, body).length - contentOverheadBytes;
  const bytes = sealedBytes(parsed.body);
  if (bytes > inlineBytes) {
    throw new ClaudemeshError(
      "body_too_large",
      `the message has ${bytes} bytes; sealed, this mesh takes a body of ${inlineBytes}`,
      {
        hint: "split the message, or send it as a file: claudemesh send --attach FILE",
        details: { bytes, bytes_max: inlineBytes },
      },
    );
  }
  const fits = (body: Uint8Array): boolean => sealedBytes(body) <= inlineBytes;
  const judged = preSend === null ? null : await askPreSend(parts, preSend, sending, { kind: destination.kind, fits });
  const answered = await parts.outbox.accept({
    client_message_id: clientMessageId,
    minted: parsed.clientMessageId === null,
    fingerprint,
    to: parsed.to,
    destination_kind: destination.kind,
    destination_ref: destination.ref,
    body: judged?.body ?? parsed.body,
    content_type: judged?.contentType ?? parsed.contentType,
    priority: parsed.priority,
    meta: parsed.meta,
    mentions: sortedUnique(mentions),
    mentions_written: parsed.mentions,
    reply_to: parsed.replyTo,
    ...(attachments.length === 0 ? {} : { attachments: attachments.map(shownAttachment) }),
    ...(judged === null ? {} : { pre_send: judged.note }),
  });
  return answer(parts, destination.kind, answered);
}

/**
 * Asked last before the message is stored, of one that would be. Killed before the commit nothing is stored, and the same request asks
 * it again. A refusal that a sender can ask for again is on disk before it is told.
 */
async function askPreSend(
  { outbox }: SendParts,
  preSend: PreSend,
  { parsed, attached, clientMessageId, fingerprint }: Sending,
  known: Pick<PreSendPayload, "kind" | "fits">,
): Promise<Judged> {
  const refused = outbox.refusals.find(clientMessageId, fingerprint);
  if (refused !== null) throw refusedBy("hook", refused);
  const { body, contentType } = parsed;
  try {
    return await preSend.judge({ ...known, parsed, clientMessageId, body, contentType, files: attached.called });
  } catch (thrown) {
    const { code, details } = ClaudemeshError.from(thrown);
    if (code === "hook_refused" && details["by"] === "hook" && parsed.clientMessageId !== null)
      await outbox.refusals.keep(clientMessageId, fingerprint, String(details["reason"]));
    throw thrown;
  }
}

/** What the directory does not know is refused only after the broker was asked: news of a new name may have been lost. */
async function resolve(
  parts: SendParts,
  parsed: ParsedSend,
): Promise<{ readonly destination: Destination; readonly mentions: readonly string[] }> {
  const within = (directory: Directory | null) => ({
    destination: resolveAddress(parsed.address, directory, parts.self, parts.agents),
    mentions: parsed.mentioned.map((address) => {
      if (address.kind !== "member") throw new ClaudemeshError("invalid_destination", "only members can be mentioned");
      return resolveMember(address, directory, parts.self);
    }),
  });
  try {
    return within(parts.link.directory());
  } catch (thrown) {
    if (ClaudemeshError.from(thrown).code !== "unknown_destination") throw thrown;
    const fresh = await parts.link.freshDirectory();
    return within(parts.link.state().state === "connected" ? fresh : withoutAgentsTold(fresh));
  }
}

/** Agents come at any time: what was told before the link was lost does not say that there is none of a name by now. */
function withoutAgentsTold(directory: Directory | null): Directory | null {
  if (directory === null) return null;
  return { ...directory, members: directory.members.map(({ agents_told: _told, ...member }) => member) };
}

function answer(parts: SendParts, kind: "dm" | "topic" | "queue" | "known", answered: OutboxAnswer): Sent {
  parts.observe({ kind, status: answered.kind, duplicate: answered.kind !== "conflict" && answered.duplicate });
  if (answered.kind === "conflict") throw conflict(answered);
  const result: SendResult = {
    client_message_id: answered.client_message_id,
    outbox_id: answered.outbox_id,
    state: answered.kind,
    duplicate: answered.duplicate,
    durability: parts.durability,
    ...(answered.kind === "done"
      ? { broker_message_id: answered.broker_message_id, history_id: answered.history_id }
      : {}),
  };
  return { status: answered.kind === "done" ? 200 : 202, body: result };
}

function conflict(answered: Extract<OutboxAnswer, { kind: "conflict" }>): ClaudemeshError {
  const same = answered.conflict.endsWith("_match");
  const state = answered.conflict.split("_")[1] ?? "";
  const message = same
    ? `this id is bound to a message that ended ${state}`
    : `this id is bound to another message (${state})`;
  const hint = same
    ? `claudemesh outbox inspect ${answered.outbox_id} tells why; claudemesh outbox requeue ${answered.outbox_id} sends it again under a new id`
    : `use a new id for a new message; claudemesh outbox inspect ${answered.outbox_id} shows the one that holds it`;
  return new ClaudemeshError("idempotency_key_reused", message, {
    hint,
    details: {
      conflict: answered.conflict,
      daemon_fingerprint_prefix: answered.daemon_fingerprint_prefix,
      outbox_id: answered.outbox_id,
      ...(answered.broker_message_id === undefined ? {} : { broker_message_id: answered.broker_message_id }),
      ...(answered.reason === undefined ? {} : { reason: answered.reason }),
    },
  });
}
