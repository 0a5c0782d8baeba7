import type { WebSocket } from "ws";
import { createInTurn } from "../../base/in-turn.ts";
import type { AgentsTold } from "../../protocol/agent-frames.ts";
import type { BrokerFrame } from "../../protocol/frames.ts";
import { type CloseKind, serviceRestartCode } from "../../protocol/close-codes.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { frameText } from "../../protocol/frame-check.ts";
import { type Behind, createBehind } from "../accept/behind.ts";
import type { SenderLink } from "../accept/sender-link.ts";
import { endLost, endOwnLost, restartLink } from "../fleet/ended.ts";
import { openDestinations } from "../route/open-destinations.ts";
import { createPump, type Pump, type PumpLink } from "../route/pump.ts";
import { type Asks, createAsks } from "./asks.ts";
import { noteClosedByDaemon } from "./closed-by-daemon.ts";
import { handleFrame } from "./frame-table.ts";
import type { LinkParts } from "./link-parts.ts";
import { type Liveness, startLiveness } from "./liveness.ts";
import type { Outgoing } from "./outgoing.ts";
import { createTurns, type Turns } from "../turns.ts";

/** Who is at the other end, proven. */
export interface LinkIdentity {
  readonly connectionId: string;
  readonly meshId: string;
  readonly memberId: string;
  /** That its hello was signed by. */
  readonly keyId: string;
  readonly instanceId: string;
  readonly linkEpoch: number;
  /** False: another daemon of the member receives, and this link only sends. */
  readonly receives: boolean;
  /** The store's life in which the link was opened. */
  readonly life: string;
  /** As the hello told. */
  readonly agents: AgentsTold;
  readonly inlineBytes: number;
}

/** An open link: frames in, frames out, one pump. Lives from hello_ack to the end of its socket. */
export interface LiveLink extends LinkIdentity, SenderLink, PumpLink {
  readonly linkEpoch: number;
  readonly life: string;
  readonly behind: Behind;
  readonly pump: Pump;
  readonly asks: Asks;
  readonly requests: Turns;
  /** What the peer tells of its agents, as of now. */
  told(): AgentsTold;
  tell(told: AgentsTold): void;
  send(frame: BrokerFrame): void;
  sendText(json: string): void;
  close(kind: CloseKind, detail: string, facts?: Readonly<Record<string, unknown>>): void;
  closeWith(code: number, kind: string): void;
  /** Ends without a word: the peer's own half-open connection. */
  terminate(): void;
  /** Ignores what comes from now on; what was read is still answered. */
  stopReading(): void;
  /** The mesh's accept queue has room again. */
  resumeIfPaused(): void;
  /** Reads the member's destinations from the store and pushes what they hold. `cutBack`: the log lost its end. */
  openDestinations(cutBack?: boolean): Promise<void>;
  readonly closed: Promise<void>;
}

export function createLiveLink(ws: WebSocket, out: Outgoing, identity: LinkIdentity, parts: LinkParts): LiveLink {
  const { limits, registry, router, accepter } = parts;
  const route = router.mesh(identity.meshId);
  let framesInFlight = 0;
  let paused = false;
  let stopped = false;
  let told = identity.agents;
  const inTurn = createInTurn();

  function pauseIfBusy(): void {
    if (paused || (framesInFlight < limits.linkFramesInFlightMax && !accepter.full(identity.meshId))) return;
    paused = true;
    ws.pause();
  }

  function resumeIfPaused(): void {
    if (!paused || stopped || framesInFlight >= limits.linkFramesInFlightMax || accepter.full(identity.meshId)) return;
    paused = false;
    ws.resume();
    liveness.heard();
  }

  const link: LiveLink = {
    ...identity,
    direct: null,
    behind: createBehind(limits.behindDestinationsMax),
    pump: createPump(
      { ...identity, sendText: out.sendText, superseded },
      {
        ...parts,
        tail: route.tail,
        head: route.head,
        acknowledged(acks) {
          for (const { destination } of acks) {
            const topicId = destination.slice("topic:".length);
            parts.progress.moved(identity.meshId, topicId);
            parts.bus.publish({ kind: "topic_moved", mesh_id: identity.meshId, topic_id: topicId });
          }
        },
      },
    ),
    asks: createAsks({
      clock: parts.clock,
      waitingMax: limits.linkAsksMax,
      replyMs: limits.askReplyMs,
      send: out.send,
    }),
    requests: createTurns(limits.linkRequestsMax),
    told: () => told,
    tell(now) {
      told = now;
    },
    send: out.send,
    sendText: out.sendText,
    close: out.close,
    closeWith: out.closeWith,
    terminate: out.terminate,
    superseded,
    overrun: () =>
      out.close("protocol_error", "too many destinations with refused messages; reconnect and resend in order"),
    stopReading() {
      stopped = true;
      // The socket itself goes on, so that the peer's close frame is heard.
      if (paused) ws.resume();
    },
    resumeIfPaused,
    openDestinations(cutBack = false) {
      if (!identity.receives) return Promise.resolve();
      // One after the other: an older view of the subscriptions must not follow a newer one.
      return inTurn(() => openDestinations(member, route, parts.store, cutBack));
    },
    closed: new Promise((resolve) => ws.once("close", () => resolve())),
  };

  function superseded(): void {
    // The log may have been cut back: the member shows its position again and goes on from there.
    if (parts.store.life() !== identity.life) return out.closeWith(serviceRestartCode, "service_restart");
    const { shared } = parts.store;
    if (shared === null) return void endOwnLost(link, parts).catch(() => restartLink(link));
    // Whose the newer one is decides what is said; the next sweep asks again if the store does not answer now.
    void endLost([link], shared, parts).catch(() => undefined);
  }

  const member = { ...identity, pump: link.pump, gone: () => ws.readyState === ws.CLOSED };

  const liveness: Liveness = startLiveness({
    clock: parts.clock,
    pingIntervalMs: limits.pingIntervalMs,
    silenceMs: limits.silenceMs,
    reading: () => !paused,
    ping: out.ping,
    alive: () => parts.presence.extend(link),
    silent: () => out.terminate(),
  });

  ws.on("message", (data, binary) => {
    liveness.heard();
    if (stopped || out.closing()) return;
    framesInFlight += 1;
    const done = (): void => {
      framesInFlight -= 1;
      resumeIfPaused();
    };
    try {
      handleFrame(frameText(data, binary), link, parts, done);
    } catch (thrown) {
      done();
      out.close("protocol_error", ClaudemeshError.from(thrown, "protocol_error").message);
    }
    pauseIfBusy();
  });
  ws.on("ping", () => liveness.heard());
  ws.on("pong", () => liveness.heard());

  if (identity.receives) route.attach(identity.memberId, link.pump);
  ws.once("close", (code, reason) => {
    if (!out.closing()) noteClosedByDaemon(code, reason.toString("utf8"), identity, parts);
    liveness.stop();
    link.pump.close();
    link.asks.end();
    link.requests.end();
    if (identity.receives) route.detach(identity.memberId, link.pump);
    registry.remove(link);
    parts.metrics.links.set(registry.count());
    parts.presence.closed(link);
  });
  return link;
}
