import type { Log } from "../../base/log.ts";
import type { HelloFrame } from "../../protocol/frames.ts";
import { checkAck, dedupeDaysFloor, type HeldRows, type Verdict } from "../../protocol/judge-features.ts";
import { shownJson } from "../../protocol/shown-json.ts";

/**
 * Judges the broker's answer to what was asked, and logs it: whole at debug; at info what holds from now on; at warn what failed, or what
 * of the answer is replaced by this daemon's own.
 */
export function negotiate(asked: HelloFrame["features"], answered: unknown, held: HeldRows, log: Log): Verdict {
  log.debug({ asked, answered: shownJson(answered) }, "the broker's answer to the features");
  const judged = checkAck(asked, answered, dedupeDaysFloor, held);
  if (!judged.ok) {
    const { kind, feature, detail } = judged;
    log.warn(
      { kind, feature, detail, floor_days: dedupeDaysFloor, asked, features: shownJson(answered) },
      "feature negotiation failed",
    );
    return judged;
  }
  const agreed = Object.entries(judged.params).map(([name, { version }]) => `${name} ${version}`);
  log.info({ agreed, ignored: judged.ignored }, "features negotiated");
  if (judged.ignored.length > 0)
    log.warn(
      { ignored: judged.ignored },
      "the broker answers these optional features or parameters invalidly: they are left out, or this daemon's own default holds",
    );
  return judged;
}
