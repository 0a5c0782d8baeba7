import type { CallerFingerprint } from "./caller-fingerprint.ts";

/** What a row keeps of its host's pre-send hook. */
export type PreSendNote =
  | { readonly verdict: "passed" }
  /** It could not be asked, and the message goes out all the same, as its settings say. */
  | { readonly verdict: "failed"; readonly reason: string }
  | {
      readonly verdict: "changed";
      /** What its sender wrote, as its fingerprint covers it. */
      readonly written: { readonly content_hash: string; readonly content_type: string };
      /** Of what the row says. */
      readonly content_hash: string;
    };

export function preSendText(note: PreSendNote | null): string {
  return note === null ? "" : JSON.stringify(note);
}

/** Checked when a row is saved of a damaged database; else as the program wrote it. */
export function preSendOf({ pre_send }: { readonly pre_send: string }): PreSendNote | null {
  return pre_send === "" ? null : (JSON.parse(pre_send) as PreSendNote);
}

/** Whether a text has the form of a note, or of none. */
export function isPreSendText(text: string): boolean {
  if (text === "") return true;
  try {
    const { verdict, content_hash, written } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (verdict === "passed" || verdict === "failed") return true;
    return verdict === "changed" && isHash(content_hash) && isWritten(written);
  } catch {
    return false;
  }
}

function isWritten(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { content_hash, content_type } = value as Partial<Record<string, unknown>>;
  return isHash(content_hash) && typeof content_type === "string";
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** What pre-send refused, by the ids that the senders gave. A row that has such an id by now is found before any of these. */
export interface PreSendRefusals {
  /** Why it refused this very request before; null: it did not. */
  find(clientMessageId: string, fingerprint: CallerFingerprint): string | null;
  /** On disk when it resolves. */
  keep(clientMessageId: string, fingerprint: CallerFingerprint, reason: string): Promise<void>;
}
