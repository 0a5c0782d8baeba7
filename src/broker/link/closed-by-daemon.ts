import { type CloseKind, closeCodes } from "../../protocol/close-codes.ts";
import { readCloseReason } from "../../protocol/close-reason.ts";
import type { LinkParts } from "./link-parts.ts";
import type { LinkIdentity } from "./live-link.ts";

/** Codes that an application may choose (RFC 6455 §7.4.2). */
const ownCodesFrom = 4_000;

/** A daemon closed its link by a code of the table, and its operator should know: 4010 to 4012 say that this broker does not do for it. */
export function noteClosedByDaemon(
  code: number,
  reason: string,
  link: Pick<LinkIdentity, "meshId" | "memberId" | "connectionId">,
  { log, metrics }: Pick<LinkParts, "log" | "metrics">,
): void {
  if (code < ownCodesFrom) return;
  const kind = (Object.keys(closeCodes) as CloseKind[]).find((known) => closeCodes[known] === code) ?? null;
  // A daemon chooses its code, so what is none of the table's shares one label.
  metrics.linksClosedByDaemons.inc({ code: kind === null ? "other" : code });
  const { feature, detail } = readCloseReason(reason);
  log.warn(
    { mesh_id: link.meshId, member_id: link.memberId, connection_id: link.connectionId, code, kind, feature, detail },
    "a daemon closed its link and will not come back as it is",
  );
}
