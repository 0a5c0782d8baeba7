import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isRecord } from "../../protocol/feature-schemas.ts";
import { limits } from "../../protocol/limits.ts";
import { activeMember, type ChainMember, type MembershipState, mayUse } from "../../protocol/membership/state.ts";
import type { Directory, LinkRequest } from "../parts.ts";
import { addressOf, type EpochSet } from "./epoch-set.ts";
import { wrapFor } from "./make-epoch.ts";
import type { KnownEpoch } from "./topic-keys-file.ts";

/**
 * Epochs whose key is here and that the broker does not have any more, as after a backup was put back: their records are handed in again as
 * they were signed, with a wrap for this member, so that everybody who lacks one is wrapped for as always. What is there already says so,
 * so it does not matter who does this first. Those that the broker does not take seal nothing any more. Returns how many were handed in.
 */
export async function handInLost(
  request: LinkRequest,
  epochs: EpochSet,
  state: MembershipState,
  here: { readonly memberId: string; readonly directory: Directory | null; readonly log: Log },
): Promise<number> {
  const self = activeMember(state, here.memberId);
  if (self === null) return 0;
  const usable = [...epochs.all()].filter((epoch) => epoch.key !== null && isUsed(epoch, self, here.directory));
  const lost = new Set<string>();
  let handedIn = 0;
  for (const epoch of await lackingOf(request, usable)) {
    const { epoch_id: id, destination } = epoch.record;
    try {
      if (epoch.key === null) continue;
      await request({ type: "epoch_create", record: epoch.record, wraps: [wrapFor(epoch.record, epoch.key, self)] });
      handedIn += 1;
    } catch (thrown) {
      const error = ClaudemeshError.from(thrown);
      if (error.code === "broker_unreachable" || error.code === "timed_out") throw error;
      lost.add(id);
      here.log.warn(
        { epoch: id, destination, code: error.code, error: error.message },
        "a key that the broker has lost is not taken again: what is sealed from now on has another",
      );
    }
  }
  if (handedIn > 0)
    here.log.warn({ epochs: handedIn }, "the broker had lost keys of topics or queues; they were handed in again");
  epochs.setLost(lost);
  return handedIn;
}

/** Those that follow others behind them. */
async function lackingOf(request: LinkRequest, usable: readonly KnownEpoch[]): Promise<readonly KnownEpoch[]> {
  const lacking = new Set<unknown>();
  for (let from = 0; from < usable.length; from += limits.epochsAskedMax) {
    const ids = usable.slice(from, from + limits.epochsAskedMax).map(({ record }) => record.epoch_id);
    const answer = await request({ type: "keys_held", epoch_ids: ids }).catch(older);
    const named = isRecord(answer) ? answer["lacking"] : undefined;
    for (const id of Array.isArray(named) ? named : []) lacking.add(id);
  }
  return usable
    .filter(({ record }) => lacking.has(record.epoch_id))
    .toSorted((a, b) => a.record.depth - b.record.depth);
}

/** An older broker does not say what it has. */
function older(thrown: unknown): null {
  if (ClaudemeshError.from(thrown).details["unknown_type"] === undefined) throw thrown;
  return null;
}

function isUsed({ record }: KnownEpoch, self: ChainMember, directory: Directory | null): boolean {
  if (!mayUse(self, addressOf(record))) return false;
  if (record.destination.startsWith("queue:"))
    return directory?.queues?.some(({ name }) => name === record.name) ?? false;
  return (
    directory?.topics.some(
      ({ topic_id: id, name, subscribed }) =>
        subscribed && name === record.name && record.destination === `topic:${id}`,
    ) ?? false
  );
}
