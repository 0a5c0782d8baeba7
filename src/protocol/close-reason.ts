import { type CloseKind, closeReasonBytesMax } from "./close-codes.ts";
import { isRecord } from "./feature-schemas.ts";
import type { ErrorFrame } from "./frames.ts";

/** Why a side closes a link, in full (wire.md §3). */
export interface CloseCause {
  readonly kind: CloseKind;
  /** The feature that it is about, if it is about one. */
  readonly feature?: string;
  readonly detail: string;
  /** What the receiver may want to act on beside the words; in the error frame alone. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** What a close reason tells, as far as it can be read. */
export interface CloseWords {
  readonly kind: string | null;
  readonly feature: string | null;
  readonly detail: string | null;
}

/** Kinds after which the same daemon may come again as it is. */
const retryableKinds: readonly CloseKind[] = ["protocol_error", "slow_consumer", "kicked"];
/** Text fields of a frame hold no more; whatever is longer is shortened like a reason. */
const frameCharsMax = 4_096;
/** Of what a peer tells, before it is shown or logged. */
const shownCharsMax = 500;

/**
 * `{"kind","feature","detail"}` as JSON of at most 123 bytes: what a close frame can hold (RFC 6455 §5.5). When it is too long the detail
 * loses code points from its end, then the feature, and at last the kind; it is valid JSON whatever was given.
 */
export function closeReason(cause: {
  readonly kind: string;
  readonly feature?: string | null;
  readonly detail: string;
}): string {
  const { feature = null } = cause;
  const write = (kind: string, named: string | null, detail: string): string =>
    JSON.stringify({ kind, ...(named === null ? {} : { feature: named }), detail });
  const roomBeside = (kind: string, named: string | null): number =>
    closeReasonBytesMax - Buffer.byteLength(write(kind, named, ""));
  const kind = fitting(cause.kind, roomBeside("", feature === null ? null : ""));
  const named = feature === null ? null : kind === cause.kind ? fitting(feature, roomBeside(kind, "")) : "";
  const isWhole = kind === cause.kind && named === feature;
  return write(kind, named, isWhole ? fitting(cause.detail, roomBeside(kind, named)) : "");
}

/** The error frame that goes before the close frame: it has room for all of it. */
export function closeFrame({ kind, feature, detail, facts }: CloseCause): ErrorFrame {
  const told = feature === undefined ? detail : `${feature}: ${detail}`;
  return {
    type: "error",
    code: kind,
    message: upTo(told, frameCharsMax),
    retryable: retryableKinds.includes(kind),
    closes: true,
    details: { ...facts, kind, ...(feature === undefined ? {} : { feature }), detail: upTo(detail, frameCharsMax) },
  };
}

/** What a peer gives as its reason, which may be anything. A text that is no such JSON is all detail. */
export function readCloseReason(reason: string): CloseWords {
  const shown = (value: unknown): string | null => (typeof value === "string" ? upTo(value, shownCharsMax) : null);
  try {
    const told: unknown = JSON.parse(reason);
    if (isRecord(told)) {
      const { kind, feature, detail } = told;
      return { kind: shown(kind), feature: shown(feature), detail: shown(detail) };
    }
  } catch {
    // Other programs, and proxies, close with words of their own.
  }
  return { kind: null, feature: null, detail: reason === "" ? null : shown(reason) };
}

/** The words of an error frame that closes, where they are of the kind that the link was then closed with; null: they are not. */
export function readCloseFrame(frame: ErrorFrame | null, kind: CloseKind | null): CloseWords | null {
  return frame === null || kind === null || frame.code !== kind ? null : { kind, ...readErrorWords(frame) };
}

/** What a peer's error frame tells for people; its details may be anything. */
export function readErrorWords({ details, message }: ErrorFrame): Omit<CloseWords, "kind"> {
  const { feature, detail } = isRecord(details) ? details : {};
  return {
    feature: typeof feature === "string" ? upTo(feature, shownCharsMax) : null,
    detail: upTo(typeof detail === "string" ? detail : message, shownCharsMax),
  };
}

/** The longest beginning that takes at most so many bytes inside of JSON; whole code points, of which a lone surrogate is one. */
function fitting(text: string, room: number): string {
  let bytes = 0;
  let end = 0;
  for (const point of text) {
    bytes += Buffer.byteLength(JSON.stringify(point)) - 2;
    if (bytes > room) break;
    end += point.length;
  }
  return text.slice(0, end);
}

/** The same by UTF-16 code units. */
function upTo(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const cut = text.slice(0, chars);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
