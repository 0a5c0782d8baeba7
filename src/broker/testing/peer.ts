import { createPublicKey, generateKeyPairSync, type KeyObject, verify as verifyRaw } from "node:crypto";
import { WebSocket } from "ws";
import type { Envelope } from "../../protocol/envelope.ts";
import { offerFeatures } from "../../protocol/features.ts";
import { envelopeFingerprint } from "../../protocol/fingerprint.ts";
import type {
  BrokerFrame,
  ChallengeFrame,
  ErrorFrame,
  HelloAckFrame,
  HelloFrame,
  PushItem,
  ReceiptFrame,
  RequestFrame,
  RequestResults,
  SendAnswer,
  VoidAnswer,
} from "../../protocol/frames.ts";
import type { NoticesFrame } from "../../protocol/notice-frames.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { challengeBytes, helloBytes, sign, signedEnvelopeBytes } from "../../protocol/signing.ts";
import { rfc3339 } from "../../protocol/time.ts";

/** The keys of a member, for tests. */
export interface Identity {
  readonly memberId: string;
  readonly privateKey: KeyObject;
}

export function newIdentity(): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, memberId: publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex") };
}

/** A daemon reduced to its wire: opens a link, sends what it is told, keeps every frame it gets. */
export interface Peer {
  readonly ack: HelloAckFrame;
  readonly socket: WebSocket;
  /** All push items so far, in order of arrival. */
  /** Everything that arrived, in order. */
  readonly frames: readonly BrokerFrame[];
  readonly pushed: PushItem[];
  send(frame: unknown): void;
  /** The first frame, past or future, that passes. */
  next<F extends BrokerFrame>(wanted: (frame: BrokerFrame) => frame is F): Promise<F>;
  /** Answers of one `send` frame. */
  sendItems(items: readonly unknown[]): Promise<readonly SendAnswer[]>;
  voidIds(ids: readonly string[]): Promise<readonly VoidAnswer[]>;
  request<T extends RequestFrame["type"]>(
    frame: Omit<Extract<RequestFrame, { type: T }>, "id">,
  ): Promise<RequestResults[T]>;
  /** Resolves when so many push items have arrived. */
  pushes(count: number): Promise<readonly PushItem[]>;
  acknowledge(destination: string, seq: number): void;
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): Promise<void>;
}

export interface PeerOptions {
  readonly url: string;
  readonly meshId: string;
  readonly identity: Identity;
  /** What the hello is signed for, if not the authority of `url`. */
  readonly authority?: string;
  /** Host header of the upgrade, if not the authority of `url`. */
  readonly hostHeader?: string;
  /** Never confirms what it is told. */
  readonly silent?: boolean;
  /** Ids that it says it has sent, of what receipts tell; absent: all. */
  readonly sent?: ReadonlySet<string>;
  readonly hello?: Partial<HelloFrame>;
  /** Changes the hello after it was signed. */
  readonly tamper?: (hello: HelloFrame) => HelloFrame;
}

export const isType =
  <T extends BrokerFrame["type"]>(type: T) =>
  (frame: BrokerFrame): frame is Extract<BrokerFrame, { type: T }> =>
    frame.type === type;

/** Resolves after hello_ack; rejects with the close code when the broker refuses. */
export async function connectPeer(options: PeerOptions): Promise<Peer> {
  const { peer, opened } = openPeer(options);
  const closed = peer.closed.then(({ code, reason }) => Promise.reject(new Error(`closed ${code} ${reason}`)));
  closed.catch(() => undefined);
  const ack = await Promise.race([opened, closed]);
  return { ...peer, ack };
}

/** The error frame by which an opening is refused. */
export async function refusalOf(options: PeerOptions): Promise<ErrorFrame> {
  const { peer, opened } = openPeer(options);
  opened.catch(() => undefined);
  await peer.closed;
  const told = peer.frames.find(isType("error"));
  if (told === undefined) throw new Error("closed without a word");
  return told;
}

function openPeer(options: PeerOptions): { peer: Omit<Peer, "ack">; opened: Promise<HelloAckFrame> } {
  const socket = new WebSocket(options.url, "claudemesh.v1", {
    perMessageDeflate: false,
    ...(options.hostHeader === undefined ? {} : { headers: { host: options.hostHeader } }),
  });
  const frames: BrokerFrame[] = [];
  const pushed: PushItem[] = [];
  const waiting = new Set<() => void>();
  let nextId = 1;

  socket.on("error", () => undefined);
  socket.on("message", (data) => {
    const frame = JSON.parse(String(data)) as BrokerFrame;
    if (frame.type === "challenge") socket.send(JSON.stringify(helloFor(frame, options)));
    if ((frame.type === "receipt" || frame.type === "notices") && options.silent !== true)
      socket.send(JSON.stringify({ type: "reply", id: frame.id, result: confirmation(frame, options.sent) }));
    frames.push(frame);
    if (frame.type === "push") pushed.push(...frame.items);
    for (const look of waiting) look();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });

  function until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      void closed.then(({ code, reason }) => reject(new Error(`closed ${code} ${reason} while waiting`)));
      check();
    });
  }

  const next: Peer["next"] = (wanted) => until(() => frames.find(wanted));
  const send = (frame: unknown): void => socket.send(JSON.stringify(frame));

  const peer: Omit<Peer, "ack"> = {
    socket,
    frames,
    pushed,
    send,
    next,
    closed,
    async sendItems(items) {
      const id = nextId++;
      send({ type: "send", id, items });
      return (
        await next(
          (frame): frame is Extract<BrokerFrame, { type: "send_ack" }> => frame.type === "send_ack" && frame.id === id,
        )
      ).items;
    },
    async voidIds(ids) {
      const id = nextId++;
      send({ type: "void", id, items: ids });
      return (
        await next(
          (frame): frame is Extract<BrokerFrame, { type: "void_ack" }> => frame.type === "void_ack" && frame.id === id,
        )
      ).items;
    },
    async request<T extends RequestFrame["type"]>(frame: Omit<Extract<RequestFrame, { type: T }>, "id">) {
      const id = nextId++;
      send({ ...frame, id });
      const answer = await until(() =>
        frames.find((one) => (one.type === "reply" || one.type === "error") && one.id === id),
      );
      if (answer.type === "error") throw new Error(answer.code);
      return (answer as { result: unknown }).result as RequestResults[T];
    },
    pushes: (count) => until(() => (pushed.length >= count ? pushed : undefined)),
    acknowledge: (destination, seq) => send({ type: "push_ack", acks: [{ destination, seq }] }),
    async close() {
      socket.terminate();
      await closed;
    },
  };
  return { peer, opened: next(isType("hello_ack")) };
}

function confirmation(frame: ReceiptFrame | NoticesFrame, sent: PeerOptions["sent"]): { unknown?: string[] } {
  if (frame.type !== "receipt" || sent === undefined) return {};
  const told = frame.groups.flatMap(({ items }) => items.map(({ client_message_id: id }) => id));
  return { unknown: told.filter((id) => !sent.has(id)) };
}

function helloFor(
  challenge: ChallengeFrame,
  { url, meshId, identity, authority, hello: own, tamper }: PeerOptions,
): HelloFrame {
  const unsigned: Omit<HelloFrame, "signature"> = {
    type: "hello",
    mesh_id: meshId,
    member_id: identity.memberId,
    key_id: identity.memberId,
    instance_id: `i-${newUuidV7(Date.now())}`,
    previous_instance_id: null,
    position: null,
    earlier_positions: [],
    agents: [],
    client: { name: "peer", version: "1" },
    host_print: null,
    certificate_print: null,
    features: offerFeatures(),
    ...own,
  };
  const signature = sign(
    identity.privateKey,
    helloBytes(unsigned, challenge.nonce, challenge.broker_id, authority ?? new URL(url).host),
  );
  const hello = { ...unsigned, signature };
  return tamper?.(hello) ?? hello;
}

/** Whether a challenge is signed by the deployment key of that hex. */
export function challengeHolds(challenge: ChallengeFrame, deploymentKeyHex: string): boolean {
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(deploymentKeyHex, "hex")]),
    format: "der",
    type: "spki",
  });
  return verifyRaw(
    null,
    challengeBytes(challenge.nonce, challenge.broker_id, challenge.server_time),
    key,
    Buffer.from(challenge.signature, "base64url"),
  );
}

/** A whole, signed envelope. `to` is a member_id, `member_id/agent`, `#topic` or `queue:name`. */
export function envelopeOf(
  meshId: string,
  sender: Identity,
  to: string,
  text: string,
  fields: Partial<Envelope> = {},
): Envelope {
  const body = Buffer.from(text);
  const draft: Envelope = {
    version: 2,
    mesh_id: meshId,
    sender: sender.memberId,
    key_id: sender.memberId,
    client_message_id: newUuidV7(Date.now()),
    destination_kind: to.startsWith("#") ? "topic" : to.startsWith("queue:") ? "queue" : "dm",
    destination_ref: to.replace(/^(#|queue:)/, ""),
    reply_to: null,
    supersedes: null,
    priority: "next",
    meta: "",
    mentions: [],
    content_type: "text/plain; charset=utf-8",
    algorithm: "none",
    sealed_to: null,
    body: body.toString("base64url"),
    request_fingerprint: "",
    membership_head: null,
    signature: "",
    sent_at: rfc3339(Date.now()),
    ...fields,
  };
  const request_fingerprint =
    fields.request_fingerprint ?? envelopeFingerprint(draft, Buffer.from(draft.body, "base64url")).toString("hex");
  const signature = sign(
    sender.privateKey,
    signedEnvelopeBytes(draft, envelopeFingerprint(draft, Buffer.from(draft.body, "base64url"), 2)),
  );
  return { ...draft, request_fingerprint, signature };
}

/** What nobody can open: a broker looks at the outside alone. */
const sealedBody = Buffer.alloc(64, 5).toString("base64url");
/** Fields of a direct message that is sealed, and of one to a topic or queue. */
export const sealedDm = { algorithm: "hpke-v1", sealed_to: "a".repeat(64), body: sealedBody } as const;
export const sealedShared = { algorithm: "epoch-v1", sealed_to: "b".repeat(64), body: sealedBody } as const;
