import WebSocket from "ws";
import { dialTls, PinMismatch } from "../../base/pinned-tls.ts";
import type { AgentsTold } from "../../protocol/agent-frames.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { offerFeatures } from "../../protocol/features.ts";
import { frameText, parseBrokerFrame } from "../../protocol/frame-check.ts";
import type { BrokerFrame, ChallengeFrame, ErrorFrame, HelloAckFrame, HelloFrame } from "../../protocol/frames.ts";
import { limits } from "../../protocol/limits.ts";
import type { LocalEvent } from "../../protocol/local-api.ts";
import { challengeBytes, helloBytes, publicKeyFromHex, sign, verify } from "../../protocol/signing.ts";
import { LinkClosed, reactionTo } from "./close-reaction.ts";
import type { DirectoryKeeper } from "./directory.ts";
import type { LinkOptions } from "./link.ts";
import { negotiate } from "./negotiate.ts";
import { closeWith, refusal } from "./refuse-link.ts";
import { createSession, type Session } from "./session.ts";

export interface OpeningContext extends LinkOptions {
  readonly directory: DirectoryKeeper;
  readonly instanceId: string;
  readonly previousInstanceId: string | null;
  /** The broker's clock as it reads now, proven to be its own. */
  sawBrokerTime(time: string): void;
  /** Rows wait for their ids to be voided, and their destinations with them. */
  voidDoomed(): void;
  /** Tells local listeners of the link; never rejects. */
  tell(event: LocalEvent["event"], data: Record<string, unknown>): Promise<void>;
  /** The daemon stops: an opening under way is given up. */
  readonly signal: AbortSignal;
}

const openingDeadlineMs = 20_000;

/** Who calls a link dead sooner does not wait longer for one to open. */
function deadlineMs({ liveness }: OpeningContext): number {
  return Math.min(openingDeadlineMs, liveness?.silenceMs ?? openingDeadlineMs);
}

/**
 * Dials and proves, in wire.md §1's order: challenge (its signature by the pinned deployment key), hello, hello_ack,
 * features. Rejects with a ClaudemeshError: with LinkClosed where the link was closed, or had to be.
 */
export async function openSession(context: OpeningContext): Promise<Session> {
  const { mesh } = context;
  const socket = await dial(context);
  const frames = frameQueue(socket, () => context.clock.now());
  const deadline = context.clock.after(deadlineMs(context), () => socket.terminate());
  const giveUp = (): void => socket.terminate();
  context.signal.addEventListener("abort", giveUp);
  try {
    const challenge = await expect(frames, "challenge");
    if (!challengeHolds(challenge, mesh.broker_key))
      throw refusal({
        kind: "auth_failed",
        detail: `the broker at ${mesh.broker_url} is not the one this mesh was joined at`,
      });
    context.sawBrokerTime(challenge.server_time);
    const held = context.outbox.held();
    const agents = context.agents?.told() ?? { agents: [], agents_told: null };
    const hello = makeHello(context, challenge, [...held.keys()], agents);
    socket.send(JSON.stringify(hello));
    const ack = await expect(frames, "hello_ack");
    const judged = negotiate(hello.features, ack.features, held, context.log);
    if (!judged.ok) {
      const { kind, feature, detail } = judged;
      await context.tell("feature_negotiation_failed", { kind, feature, detail });
      await closeWith(socket, judged, context.clock);
      throw refusal(judged, judged.hint);
    }
    if (context.signal.aborted) throw new ClaudemeshError("stopping", "the daemon is stopping");
    const told = { heldFingerprints: [...held.keys()], agents };
    return createSession(context, socket, ack, judged, told, frames.release());
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    deadline.cancel();
    context.signal.removeEventListener("abort", giveUp);
  }
}

/** A socket whose upgrade is under way. With TLS only once the pinned certificate, or a trusted one, is proven. */
async function dial(context: OpeningContext): Promise<WebSocket> {
  const { mesh, signal } = context;
  const options = {
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax * 2,
    handshakeTimeout: deadlineMs(context),
  };
  const url = new URL(mesh.broker_url);
  if (url.protocol === "ws:") return new WebSocket(url, "claudemesh.v1", options);
  const late = new AbortController();
  const deadline = context.clock.after(deadlineMs(context), () => late.abort(new Error("no answer in time")));
  try {
    const secure = await dialTls({
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port || 443),
      print: mesh.certificate_print ?? null,
      signal: AbortSignal.any([signal, late.signal]),
    });
    return new WebSocket(url, "claudemesh.v1", { ...options, createConnection: () => secure });
  } catch (thrown) {
    if (thrown instanceof PinMismatch) {
      // Not the end of the daemon: whoever stands between for a while could otherwise stop every host for good.
      throw new ClaudemeshError(
        "certificate_mismatch",
        `the certificate of ${url.host} is not the one that was pinned; nothing was sent to it`,
        { hint: "if the broker has a new key: claudemesh join LINK, with a new invite", cause: thrown },
      );
    }
    throw ClaudemeshError.from(thrown, "broker_unreachable");
  } finally {
    deadline.cancel();
  }
}

function makeHello(
  context: OpeningContext,
  challenge: ChallengeFrame,
  holds: readonly string[],
  { agents, agents_told: agentsTold }: AgentsTold,
): HelloFrame {
  const [position = null, ...earlier] = newestPositions(context);
  const { keyId, signingKey } = context.rotation?.dialKeys() ?? context.identity;
  const unsigned: Omit<HelloFrame, "signature"> = {
    type: "hello",
    mesh_id: context.mesh.mesh_id,
    member_id: context.identity.memberId,
    key_id: keyId,
    instance_id: context.instanceId,
    previous_instance_id: context.previousInstanceId,
    position,
    earlier_positions: earlier.slice(0, 15),
    agents,
    ...(agentsTold === null ? {} : { agents_told: agentsTold }),
    client: { name: "claudemesh-daemon", version: context.clientVersion },
    host_print: context.host?.print(context.mesh.mesh_id) ?? null,
    ...(context.host?.suspected == null ? {} : { clone_suspected: context.host.suspected }),
    certificate_print: context.mesh.certificate_print ?? null,
    features: offerFeatures(context.requireFeatures, context.features, holds),
    ...(context.ephemeral === true ? { ephemeral: true } : {}),
  };
  const authority = new URL(context.mesh.broker_url).host;
  return {
    ...unsigned,
    signature: sign(signingKey, helloBytes(unsigned, challenge.nonce, challenge.broker_id, authority)),
  };
}

/** One position per incarnation, the furthest of inbox and outbox, newest first. */
function newestPositions({ inbox, outbox }: OpeningContext) {
  const byIncarnation = new Map<string, ReturnType<typeof inbox.positions>[number]>();
  for (const position of [...inbox.positions(), ...outbox.positions()]) {
    const known = byIncarnation.get(position.incarnation);
    if (
      known === undefined ||
      position.epoch > known.epoch ||
      (position.epoch === known.epoch && position.seq > known.seq)
    ) {
      byIncarnation.set(position.incarnation, position);
    }
  }
  return [...byIncarnation.values()].sort((a, b) => b.epoch - a.epoch || b.seq - a.seq);
}

function challengeHolds(challenge: ChallengeFrame, brokerKey: string): boolean {
  return verify(
    publicKeyFromHex(brokerKey),
    challengeBytes(challenge.nonce, challenge.broker_id, challenge.server_time),
    challenge.signature,
  );
}

interface FrameQueue {
  next(): Promise<BrokerFrame>;
  /** Ends the queue; returns what came behind the last frame taken. */
  release(): string[];
}

/** Frames one by one while a link opens; closing and errors reject the waiting `next`. */
function frameQueue(socket: WebSocket, now: () => number): FrameQueue {
  const waiting: string[] = [];
  /** Made when it is met: what was said before the end is read before it. */
  let ended: (() => Error) | null = null;
  let farewell: ErrorFrame | null = null;
  let wake: () => void = () => undefined;
  const onMessage = (data: WebSocket.RawData, binary: boolean) => {
    try {
      waiting.push(frameText(data, binary));
    } catch (thrown) {
      ended ??= () => ClaudemeshError.from(thrown);
    }
    wake();
  };
  const onError = (error: Error) => {
    ended ??= () => new ClaudemeshError("broker_unreachable", error.message, { cause: error });
    wake();
  };
  const onClose = (code: number, reason: Buffer) => {
    ended ??= () => new LinkClosed(reactionTo(code, reason.toString("utf8"), farewell, now()));
    wake();
  };
  socket.on("message", onMessage).on("error", onError).on("close", onClose);
  return {
    async next() {
      for (;;) {
        const text = waiting.shift();
        if (text !== undefined) {
          const frame = parseBrokerFrame(text);
          if (frame.type !== "error" || !frame.closes) return frame;
          // The close code that follows says what is to be done about it, and this one why.
          farewell = frame;
          continue;
        }
        if (ended !== null) throw ended();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    release() {
      socket.off("message", onMessage).off("close", onClose);
      return waiting.splice(0);
    },
  };
}

async function expect<T extends "challenge" | "hello_ack">(
  frames: FrameQueue,
  type: T,
): Promise<Extract<ChallengeFrame | HelloAckFrame, { type: T }>> {
  const frame = await frames.next();
  // Its details stay where they are: ours of the same names decide whether and when to dial again.
  if (frame.type === "error") throw new ClaudemeshError("broker_unreachable", frame.message);
  if (frame.type !== type)
    throw new ClaudemeshError("protocol_error", `the broker sent ${frame.type} where ${type} was due`);
  return frame as Extract<ChallengeFrame | HelloAckFrame, { type: T }>;
}
