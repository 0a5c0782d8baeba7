import { localFingerprintVersion } from "../../protocol/fingerprint.ts";
import type { OutboxCore } from "./outbox.ts";
import type { PreSendRefusals } from "./pre-send-note.ts";

/** Refusals that are kept; the oldest go first. */
const refusalsMax = 10_000;

export function createPreSendRefusals(
  live: () => Pick<OutboxCore, "queries" | "transaction" | "options">,
  keptMax = refusalsMax,
): PreSendRefusals {
  return {
    find(clientMessageId, fingerprint) {
      const kept = live().queries.refusal(clientMessageId);
      if (kept === null) return null;
      return Buffer.compare(kept.request_fingerprint, fingerprint(kept.fingerprint_version)) === 0 ? kept.reason : null;
    },
    async keep(clientMessageId, fingerprint, reason) {
      const core = live();
      core.transaction(() => {
        core.queries.keepRefusal({
          client_message_id: clientMessageId,
          request_fingerprint: fingerprint(localFingerprintVersion),
          fingerprint_version: localFingerprintVersion,
          reason,
          refused_at: core.options.clock.now(),
        });
        core.queries.forgetRefusals(keptMax);
      });
    },
  };
}
