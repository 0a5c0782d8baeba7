import type { Log } from "../../base/log.ts";
import type { EpochWrap } from "../../protocol/epoch.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { LinkRequest } from "../parts.ts";

/**
 * Says of wraps that they do not open, so that other members are asked for others: else whoever handed one in first would keep this
 * member from the key. Called before it is kept how far was read: killed here, the same wraps are found and refused again.
 */
export async function refuseWraps(
  request: LinkRequest,
  wraps: readonly Pick<EpochWrap, "epoch_id" | "sealed_to">[],
  log: Log,
): Promise<void> {
  for (const { epoch_id, sealed_to } of wraps)
    await request({ type: "wrap_refused", epoch_id, sealed_to }).catch((thrown: unknown) => {
      const error = ClaudemeshError.from(thrown);
      if (error.details["unknown_type"] === undefined) throw error;
      log.warn(
        { epoch: epoch_id },
        "the broker is older and asks for no other wrap in place of one that does not open",
      );
    });
}
