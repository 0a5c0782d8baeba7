import { ClaudemeshError } from "../../protocol/error.ts";
import {
  type EpochRecord,
  type EpochWrap,
  epochRecordHolds,
  readEpochRecord,
  readEpochWrap,
} from "../../protocol/epoch.ts";
import { activeMember, currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import type { LinkParts } from "../link/link-parts.ts";
import type { Membership } from "../membership/membership.ts";
import { requireDestination } from "./may-use-destination.ts";

/** Whose link hands something in. */
interface Maker {
  readonly meshId: string;
  readonly memberId: string;
}

type KeyParts = Pick<LinkParts, "store" | "clock" | "keyNews" | "membership">;

/** Takes a new key's record with wraps of it. The broker cannot tell whether a wrap opens: that is for its member to find. */
export async function takeEpoch(
  frame: { readonly record: unknown; readonly wraps: readonly unknown[] },
  { meshId, memberId }: Maker,
  { store, clock, keyNews, membership }: KeyParts,
): Promise<boolean> {
  const record = readEpochRecord(frame.record);
  const wraps = frame.wraps.map(readEpochWrap);
  if (record.mesh_id !== meshId) throw new ClaudemeshError("invalid_field", "the epoch is one of another mesh");
  if (record.created_by !== memberId)
    throw new ClaudemeshError("not_allowed", "an epoch is handed in by the member that made it");
  if (wraps.some(({ epoch_id }) => epoch_id !== record.epoch_id))
    throw new ClaudemeshError("invalid_field", "a wrap that comes with an epoch is one of its key");
  if (!epochRecordHolds(record)) throw new ClaudemeshError("auth_failed", "the epoch's signature does not hold");
  await requireMaker(record, membership);
  await requireDestination(store, meshId, memberId, record.destination);
  const created = await store.createEpoch(meshId, record, wraps, clock.now());
  keyNews.changed(meshId);
  return created;
}

/**
 * The key that signed is the maker's, and the head that it knew is one of the chain. What is kept of a chain may be behind what
 * another broker has appended, so it is read anew before anything is refused.
 */
async function requireMaker(record: EpochRecord, membership: Pick<Membership, "known" | "fresh">): Promise<void> {
  const chain = await membership.known(record.mesh_id);
  if (makerProblem(record, chain) === null) return;
  const problem = makerProblem(record, await membership.fresh(record.mesh_id));
  if (problem !== null) throw problem;
}

function makerProblem(record: EpochRecord, chain: MembershipState | null): ClaudemeshError | null {
  const maker = chain === null ? null : activeMember(chain, record.created_by);
  const keyId = chain === null ? record.created_by : maker === null ? null : currentKeys(maker).keyId;
  if (record.key_id !== keyId)
    return new ClaudemeshError("auth_failed", "the epoch is not signed by its maker's key in use");
  if (chain === null || chain.places.has(record.membership_head)) return null;
  return new ClaudemeshError(
    "membership_moved",
    "the epoch was made under a membership that this broker does not have",
    {
      hint: "hand in the entries that it lacks and try again",
    },
  );
}

/** Takes wraps of keys that are here. Those that nobody needs any more are passed over. */
export async function takeWraps(
  given: readonly unknown[],
  { meshId, memberId }: Maker,
  { store, clock, keyNews }: KeyParts,
): Promise<number> {
  const wraps = given.map(readEpochWrap);
  for (const destination of await destinationsOf(wraps, meshId, store))
    await requireDestination(store, meshId, memberId, destination);
  const stored = await store.addWraps(meshId, wraps, clock.now());
  if (stored > 0) keyNews.changed(meshId);
  return stored;
}

async function destinationsOf(
  wraps: readonly EpochWrap[],
  meshId: string,
  store: Pick<LinkParts["store"], "epoch">,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const epochId of new Set(wraps.map(({ epoch_id }) => epoch_id))) {
    const record = await store.epoch(meshId, epochId);
    if (record !== null) found.add(record.destination);
  }
  return found;
}
