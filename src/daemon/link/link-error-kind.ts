import type { CloseKind } from "../../protocol/close-codes.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkErrorKind } from "../../protocol/link-error-kinds.ts";

/** Names of the system and of its TLS library, by what helps. */
const systemCodes: readonly (readonly [RegExp, LinkErrorKind])[] = [
  [/^ECONNREFUSED$/, "refused"],
  [/^(ENOTFOUND|EAI_)/, "name_unknown"],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, "no_answer"],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/, "unreachable"],
  [/^(ECONNRESET|EPIPE)$/, "closed"],
  [/CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO_VERIFY/, "certificate_untrusted"],
];
/** What the WebSocket's client says of an HTTP answer that is nobody's who speaks this protocol. */
const notABroker = /^Unexpected server response: (2\d\d|3\d\d|404|502|504)$/;
const causesMax = 5;

/** What kind of failure kept or took a link, for those who are to be told what helps. */
export function linkErrorKind(thrown: unknown): LinkErrorKind {
  if (thrown instanceof ClaudemeshError) {
    if (thrown.code === "outbox_max_age_above_dedupe_window" || thrown.code === "certificate_mismatch")
      return thrown.code;
    const told = thrown.details["link_error"];
    if (told !== undefined) return told as LinkErrorKind;
    if (thrown.code === "protocol_error") return "protocol_error";
  }
  let cause: unknown = thrown;
  for (let depth = 0; depth < causesMax && cause instanceof Error; depth += 1, cause = cause.cause) {
    const code = "code" in cause ? String(cause.code) : "";
    const kind = systemCodes.find(([pattern]) => pattern.test(code))?.[1];
    if (kind !== undefined) return kind;
    if (notABroker.test(cause.message)) return "not_a_broker";
  }
  return "other";
}

/** The same of a link that was closed. */
export function closedKind(kind: CloseKind | null): LinkErrorKind {
  return kind ?? "closed";
}
