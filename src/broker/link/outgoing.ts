import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { closeCodes, type CloseKind } from "../../protocol/close-codes.ts";
import { closeFrame, closeReason } from "../../protocol/close-reason.ts";
import type { BrokerFrame, ErrorFrame } from "../../protocol/frames.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Clock, Timer } from "../../base/clock.ts";

/**
 * Everything written to one connection. Frames of one turn of the event loop leave in one write; a peer that does
 * not take what is written to it is cut off as a slow consumer instead of filling memory.
 */
export interface Outgoing {
  send(frame: BrokerFrame): void;
  sendText(json: string): void;
  /** An error frame that says why, the close frame, and after a grace the end of the socket. */
  close(kind: CloseKind, detail: string, facts?: Readonly<Record<string, unknown>>): void;
  /** As `close`, with a code of RFC 6455 and nothing to explain. */
  closeWith(code: number, kind: string): void;
  ping(): void;
  terminate(): void;
  /** Closed from this side: what still arrives is ignored. */
  closing(): boolean;
}

export interface OutgoingOptions {
  readonly clock: Clock;
  readonly bufferedBytesMax: number;
  readonly closeGraceMs: number;
  /** Told once, whoever closes first here. */
  readonly closing: (code: number) => void;
}

export function createOutgoing(ws: WebSocket, socket: Duplex, options: OutgoingOptions): Outgoing {
  let corked = false;
  let closing = false;
  let grace: Timer | null = null;
  ws.once("close", () => grace?.cancel());

  function cork(): void {
    if (corked) return;
    corked = true;
    socket.cork();
    setImmediate(() => {
      corked = false;
      socket.uncork();
    });
  }

  function write(json: string): void {
    if (closing || ws.readyState !== ws.OPEN) return;
    cork();
    ws.send(json);
    if (ws.bufferedAmount > options.bufferedBytesMax) close("slow_consumer", "frames are not being read");
  }

  function end(code: number, reason: string): void {
    if (closing) return;
    closing = true;
    options.closing(code);
    // A connection that is not being read would never hear the peer's close frame.
    ws.resume();
    ws.close(code, reason);
    grace = options.clock.after(options.closeGraceMs, () => ws.terminate());
  }

  function close(kind: CloseKind, detail: string, facts: Readonly<Record<string, unknown>> = {}): void {
    if (closing) return;
    const cause = { kind, detail, facts };
    // A full buffer is not filled further: the close frame alone has to do.
    if (kind !== "slow_consumer") write(JSON.stringify(closeFrame(cause)));
    end(closeCodes[kind], closeReason(cause));
  }

  return {
    send: (frame) => write(JSON.stringify(frame)),
    sendText: write,
    close,
    closeWith: (code, kind) => end(code, JSON.stringify({ kind })),
    ping() {
      if (!closing && ws.readyState === ws.OPEN) ws.ping();
    },
    terminate: () => ws.terminate(),
    closing: () => closing,
  };
}

/** Answer to a frame that failed without ending the link. */
export function errorFrame(thrown: unknown, id?: number): ErrorFrame {
  const error = ClaudemeshError.from(thrown);
  const frame = {
    type: "error",
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    closes: false,
  } as const;
  const details = { ...error.details, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  const explained = Object.keys(details).length === 0 ? frame : { ...frame, details };
  return id === undefined ? explained : { ...explained, id };
}
