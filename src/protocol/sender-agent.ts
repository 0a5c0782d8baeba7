import { isName } from "./address.ts";
import { saysUnsigned } from "./envelope-check.ts";
import type { Envelope } from "./envelope.ts";
import { ClaudemeshError } from "./error.ts";
import { canonicalJson } from "./json-canonical.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import { limits } from "./limits.ts";
import type { SenderView } from "./local-api.ts";
import { boundedMeta, canonicalMeta, parseMeta } from "./meta.ts";

/**
 * What a daemon says of the program behind a message stands in its meta, under keys that no caller writes: so it is signed,
 * bound to the body and covered by every fingerprint, and a program that does not know of it still takes the message.
 */
export interface SenderNote {
  /** The agent that sends; null: none is named. */
  readonly agent: string | null;
  /** Programs that answered by themselves before, each the answer of another. */
  readonly hops: number;
}

const reserved = "claudemesh.";
/** Of a meta as it travels, and as an inbox keeps it. */
export const agentKey = `${reserved}from_agent`;
const hopsKey = `${reserved}hops`;

const noSenderNote: SenderNote = { agent: null, hops: 0 };

/** Canonical meta of a caller; throws invalid_field for keys that a daemon alone writes. */
export function callersMeta(value: JsonValue | null | undefined): string {
  const text = canonicalMeta(value);
  const taken = Object.keys(parseMeta(text) ?? {}).find(isReserved);
  if (taken === undefined) return text;
  throw new ClaudemeshError(
    "invalid_field",
    "`meta` has a key that begins with `claudemesh.`: the daemon writes those",
    {
      hint: "`from_agent` of a send says which agent sends; choose another name for a key of your own",
    },
  );
}

/** The meta that travels: the caller's with what the daemon says. Throws meta_too_large. */
export function withSenderNote(meta: string, { agent, hops }: SenderNote): string {
  if (agent === null && hops === 0) return meta;
  return boundedMeta(
    canonicalJson({
      ...parseMeta(meta),
      ...(agent === null ? {} : { [agentKey]: agent }),
      ...(hops === 0 ? {} : { [hopsKey]: hops }),
    }),
  );
}

/**
 * Meta that came, in its parts. What has not its form is as if it were absent, and a key of a newer program is passed over:
 * no text of a sender's stands in a place that its daemon writes.
 */
export function readSenderNote(meta: JsonObject | null): {
  readonly note: SenderNote;
  readonly meta: JsonObject | null;
} {
  if (meta === null) return { note: noSenderNote, meta };
  const own = Object.entries(meta).filter(([key]) => !isReserved(key));
  if (own.length === Object.keys(meta).length) return { note: noSenderNote, meta };
  const { [agentKey]: agent, [hopsKey]: hops } = meta;
  return {
    note: {
      agent: typeof agent === "string" && isName(agent) && agent === agent.toLowerCase() ? agent : null,
      hops: typeof hops === "number" && Number.isSafeInteger(hops) && hops > 0 ? hops : 0,
    },
    meta: own.length === 0 ? null : Object.fromEntries(own),
  };
}

/** The same of an envelope. No daemon of the member's stands behind what an API key handed in: of that it says nothing. */
export function envelopeNote(envelope: Envelope): ReturnType<typeof readSenderNote> {
  const { note, meta } = readSenderNote(parseMeta(envelope.meta));
  return { note: saysUnsigned(envelope) ? noSenderNote : note, meta };
}

/** What an answer is sent to: `@member/agent`, `@member` where no agent is named; by the id of a member without a name. */
export function senderAddress({ from }: { readonly from: SenderView }): string {
  const member = `@${from.name ?? from.member_id}`;
  return from.agent === null ? member : `${member}/${from.agent}`;
}

/** Of an automatic answer to a message; null: there were as many before it as there may be, and none may follow. */
export function hopsOfAnswer({ hops }: { readonly hops: number }): number | null {
  return hops >= limits.hopsMax ? null : hops + 1;
}

function isReserved(key: string): boolean {
  return key.startsWith(reserved);
}
