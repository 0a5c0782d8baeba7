import type { HookCause } from "../../protocol/hooks-api.ts";

/** What a hook is given on its standard input, as JSON. */
export interface HookPayload {
  readonly hook: string;
  readonly event: HookCause;
  /** The same when the hook is run for it again. */
  readonly event_id: string;
  readonly at: string;
  readonly mesh: string;
  /** From 1; more when an earlier run was cut off by the daemon's end. */
  readonly attempt: number;
  /** Of a message, the item as the inbox shows it; else what the event tells. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** What somebody wrote, as against who, when and where. */
const contentFields = ["message", "body", "meta"] as const;
/** Cut in this order, when the whole is too long: `body` says again what `message` says. */
const longFields = ["body", "message"] as const;

/**
 * The payload as one line of JSON of at most `bytesMax` bytes. What was kept from it is named in `_redacted`, what was cut in
 * `_truncated`: it is never less than it seems.
 */
export function payloadText(
  payload: HookPayload,
  options: { readonly redact: boolean; readonly bytesMax: number },
): string {
  const shown = options.redact ? redacted(payload) : payload;
  const whole = line(shown);
  if (Buffer.byteLength(whole) <= options.bytesMax) return whole;
  const data: Record<string, unknown> = { ...shown.data };
  const cut: string[] = [];
  const written = (): string => line({ ...shown, data, _truncated: cut });
  for (const field of longFields) {
    const text = data[field];
    if (typeof text !== "string") continue;
    cut.push(field);
    data[field] =
      field === "body"
        ? ""
        : longestThatFits(text, (part) => {
            data[field] = part;
            return Buffer.byteLength(written()) <= options.bytesMax;
          });
    if (Buffer.byteLength(written()) <= options.bytesMax) return written();
  }
  return line({ ...shown, data: {}, _truncated: Object.keys(shown.data) });
}

function redacted(payload: HookPayload): HookPayload & { readonly _redacted: readonly string[] } {
  const data: Record<string, unknown> = { ...payload.data };
  const kept: string[] = [];
  for (const field of contentFields) {
    if (data[field] === null || data[field] === undefined) continue;
    data[field] = null;
    kept.push(field);
  }
  const { attachments } = data;
  if (Array.isArray(attachments) && attachments.length > 0) {
    data["attachments"] = attachments.map((file: unknown) => ({ ...(file as object), name: null }));
    kept.push("attachments.name");
  }
  return { ...payload, data, _redacted: kept };
}

/** The longest beginning, no character halved, that `fits`. */
function longestThatFits(text: string, fits: (part: string) => boolean): string {
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(text.slice(0, middle))) low = middle;
    else high = middle - 1;
  }
  const part = text.slice(0, low);
  return part.isWellFormed() ? part : part.slice(0, -1);
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
