import { type CloseKind, closeCodes } from "./close-codes.ts";

/** What keeps a link from opening, or ends it without a close of this protocol. */
const ownKinds = [
  "outbox_max_age_above_dedupe_window",
  "certificate_mismatch",
  "certificate_untrusted",
  "refused",
  "name_unknown",
  "unreachable",
  "no_answer",
  "closed",
  "not_a_broker",
  "other",
] as const;

/** Why a link is not up: how it was closed, or what kept it from opening. */
export type LinkErrorKind = CloseKind | (typeof ownKinds)[number];

export const linkErrorKinds: readonly LinkErrorKind[] = [...(Object.keys(closeCodes) as CloseKind[]), ...ownKinds];
