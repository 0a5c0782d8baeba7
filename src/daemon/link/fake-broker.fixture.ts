import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { EventEmitter, once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { closeCodes, type CloseKind } from "../../protocol/close-codes.ts";
import { closeFrame, closeReason } from "../../protocol/close-reason.ts";
import type { DaemonFrame, HelloAckFrame, HelloFrame } from "../../protocol/frames.ts";
import type { ClaudemeshError } from "../../protocol/error.ts";
import type { ChainBroker } from "../membership/chain.fixture.ts";
import { challengeBytes, sign } from "../../protocol/signing.ts";

/** The broker's end of a link, scripted by a test: the daemon under test is the real one. */
export interface FakeBroker {
  readonly url: string;
  /** Deployment key, as a mesh pins it. */
  readonly key: string;
  /** The next connection, dialled already or not. */
  connection(): Promise<FakeLink>;
  /** Connections that nobody has asked for yet. */
  waiting(): number;
  /** Nothing listens at its address any more, and what was connected is cut. */
  leave(): Promise<void>;
  /** Listens again, where it did. */
  comeBack(): Promise<void>;
}

export interface FakeLink {
  readonly socket: WebSocket;
  /** What it says of the mesh's topics whenever it is asked; null: the test answers. None by default. */
  topics: readonly Record<string, unknown>[] | null;
  /** Members beside the daemon, as it tells them whenever it is asked. None by default. */
  members: readonly Record<string, unknown>[];
  /** What it says of keys of a mesh that has a chain. None by default. */
  keys: Readonly<Record<string, unknown>>;
  /** The next frame of that type; others before it are passed over. */
  next<T extends DaemonFrame["type"]>(type: T): Promise<Extract<DaemonFrame, { type: T }>>;
  send(frame: Record<string, unknown>): void;
  challenge(signer?: KeyObject): void;
  /** Challenge, hello, hello_ack, and `behind` in the same write; then answers what a daemon asks first. */
  open(ack?: Partial<HelloAckFrame>, behind?: readonly Record<string, unknown>[]): Promise<HelloFrame>;
  /** As a broker closes: an error frame that says why, then the close frame. */
  close(kind: CloseKind, detail?: string, facts?: Record<string, unknown>): void;
  readonly closed: Promise<{ code: number; reason: string }>;
}

export const dedupeParams = {
  version: 2,
  mode: "retention_scoped",
  dedupe_retention_days: 365,
  fingerprint_versions: ["sha256-jcs-v2"],
};

export function supported(dedupe: Record<string, unknown> = dedupeParams): HelloAckFrame["features"] {
  return {
    supported: {
      client_message_id_dedupe: { params: { version: 0, ...dedupe } },
      concurrent_connection_policy: { params: { version: 1 } },
    },
    missing_required: [],
  };
}

/** `chain`: what answers for the mesh's membership; null: the mesh has none. */
export async function fakeBroker(
  t: TestContext,
  meshId: string,
  chain: ChainBroker | null = null,
): Promise<FakeBroker> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const arrivals = new EventEmitter();
  const links: FakeLink[] = [];
  const listen = async (port: number): Promise<WebSocketServer> => {
    const listening = new WebSocketServer({ host: "127.0.0.1", port });
    await once(listening, "listening");
    listening.on("connection", (socket) => {
      links.push(fakeLink(socket, privateKey, meshId, chain));
      arrivals.emit("link");
    });
    return listening;
  };
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const leave = async (): Promise<void> => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(leave);
  return {
    leave,
    async comeBack() {
      server = await listen(port);
    },
    url: `ws://127.0.0.1:${port}/v1/link`,
    key: publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex"),
    waiting: () => links.length,
    async connection() {
      for (;;) {
        const link = links.shift();
        if (link !== undefined) return link;
        await once(arrivals, "link");
      }
    },
  };
}

function fakeLink(socket: WebSocket, deploymentKey: KeyObject, meshId: string, chain: ChainBroker | null): FakeLink {
  const frames: DaemonFrame[] = [];
  const arrivals = new EventEmitter().setMaxListeners(0);
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once("close", (code, reason) => {
      resolve({ code, reason: String(reason) });
      arrivals.emit("frame");
    }),
  );
  let member: Record<string, unknown> | null = null;
  socket.on("error", () => undefined);
  socket.on("message", (data) => {
    const frame = JSON.parse(String(data)) as DaemonFrame;
    if (member !== null && chain !== null && (frame.type === "membership" || frame.type === "membership_append"))
      void chain.request(frame).then(
        (result) => link.send({ type: "reply", id: frame.id, result }),
        (error: ClaudemeshError) => link.send({ ...refusalOf(error), id: frame.id }),
      );
    else if (member !== null && chain !== null && frame.type === "keys")
      link.send({ type: "reply", id: frame.id, result: link.keys });
    else if (member !== null && chain !== null && frame.type === "keys_wanted")
      link.send({ type: "reply", id: frame.id, result: { wanted: [], more: false } });
    else if (member !== null && frame.type === "members")
      link.send({ type: "reply", id: frame.id, result: { members: [member, ...link.members] } });
    else if (member !== null && frame.type === "topics" && link.topics !== null)
      link.send({ type: "reply", id: frame.id, result: { topics: link.topics } });
    else if (member !== null && frame.type === "queues" && !frame.counts)
      link.send({ type: "reply", id: frame.id, result: { queues: [] } });
    else {
      frames.push(frame);
      arrivals.emit("frame");
    }
  });
  const link: FakeLink = {
    socket,
    topics: [],
    members: [],
    keys: { items: [], through: 0, next_after: null, log_epoch: 1 },
    closed,
    async next(type) {
      for (;;) {
        const index = frames.findIndex((frame) => frame.type === type);
        if (index >= 0) return frames.splice(0, index + 1).at(-1) as never;
        if (socket.readyState === socket.CLOSED) throw new Error(`closed before ${type}`);
        await once(arrivals, "frame");
      }
    },
    send: (frame) => socket.send(JSON.stringify(frame)),
    challenge(signer = deploymentKey) {
      const [nonce, brokerId, serverTime] = ["n".repeat(43), "broker", "2026-01-01T00:00:00.000Z"];
      const signature = sign(signer, challengeBytes(nonce, brokerId, serverTime));
      link.send({ type: "challenge", nonce, broker_id: brokerId, server_time: serverTime, signature });
    },
    async open(ack = {}, behind = []) {
      link.challenge();
      const hello = await link.next("hello");
      member = { member_id: hello.member_id, name: "ada", role: "owner", online: true, agents: [], last_seen_at: null };
      socket.pause();
      const wire = Reflect.get(socket, "_socket") as { cork(): void; uncork(): void };
      wire.cork();
      link.send({
        type: "hello_ack",
        connection_id: "c",
        link_epoch: 1,
        mesh: { mesh_id: meshId, slug: "local" },
        member: { member_id: hello.member_id, name: "ada" },
        features: supported(),
        limits: { inline_bytes: 65_536, frame_bytes: 1_048_576, frame_items: 256 },
        log: { epoch: 1, head: 0, breaks: [] },
        membership: headOf(chain),
        ...ack,
      });
      for (const frame of behind) link.send(frame);
      wire.uncork();
      socket.resume();
      return hello;
    },
    close(kind, detail = `because of ${kind}`, facts = {}) {
      link.send({ ...closeFrame({ kind, detail, facts }) });
      socket.close(closeCodes[kind], closeReason({ kind, detail }));
    },
  };
  return link;
}

/** Where the chain stands, as brokers tell it. */
export function headOf(chain: ChainBroker | null): { readonly n: number; readonly hash: string } | null {
  const state = chain?.state() ?? null;
  return state === null ? null : { n: state.n, hash: state.head };
}

function refusalOf({ code, message, retryable, details }: ClaudemeshError) {
  return { type: "error", code, message, retryable, closes: false, details };
}
