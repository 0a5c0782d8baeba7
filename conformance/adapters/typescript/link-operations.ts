import { closeReason } from "../../../src/protocol/close-reason.ts";
import { answerFeatures } from "../../../src/protocol/features.ts";
import type { HelloFrame } from "../../../src/protocol/frames.ts";
import { checkAck } from "../../../src/protocol/judge-features.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What daemon and broker say to each other, which is no SDK's matter: this adapter alone answers it. Takes well-formed questions. */
export const linkOperations: Readonly<Record<string, (request: Fields) => object>> = {
  close_reason: (request) => ({ reason: closeReason(request as unknown as Parameters<typeof closeReason>[0]) }),
  negotiate: (request) => ("own" in request ? { answer: answer(request) } : { verdict: verdict(request) }),
};

function answer({ own, asked }: Fields): object {
  return answerFeatures(asked as HelloFrame["features"], own as Parameters<typeof answerFeatures>[1]);
}

function verdict({ offers, floor_days, ack_features }: Fields): object {
  const judged = checkAck(offers as HelloFrame["features"], ack_features, floor_days as number);
  if (!judged.ok) return { ok: false, kind: judged.kind, feature: judged.feature };
  const versions = Object.entries(judged.params).map(([feature, { version }]) => [feature, version]);
  return { ok: true, versions: Object.fromEntries(versions), ignored: judged.ignored };
}
