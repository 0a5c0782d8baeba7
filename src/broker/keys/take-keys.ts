import { ClaudemeshError } from "../../protocol/error.ts";
import {
  type EpochRecord,
  type EpochWrap,
  epochRecordHolds,
  readEpochRecord,
  readEpochWrap,
} from "../../protocol/epoch.ts";
import { epochProblem } from "../../protocol/membership/epoch-rules.ts";
import { activeMember, isAdmin, type MembershipState } from "../../protocol/membership/state.ts";
import type { LinkParts } from "../link/link-parts.ts";
import { otherHistory } from "../store/key-refusals.ts";
import { requireDestination } from "./may-use-destination.ts";

/** Whose link hands something in. */
interface Maker {
  readonly meshId: string;
  readonly memberId: string;
}

type KeyParts = Pick<LinkParts, "store" | "clock" | "keyNews" | "membership">;

/**
 * Takes a key's record with wraps of it. The broker cannot tell whether a wrap opens: that is for its member to find. Whoever may use the
 * destination may hand in what another has made: so it comes back to a broker that lost it.
 */
export async function takeEpoch(
  frame: { readonly record: unknown; readonly wraps: readonly unknown[] },
  { meshId, memberId }: Maker,
  { store, clock, keyNews, membership }: KeyParts,
): Promise<boolean> {
  const record = readEpochRecord(frame.record);
  const wraps = frame.wraps.map(readEpochWrap);
  if (record.mesh_id !== meshId) throw new ClaudemeshError("invalid_field", "the epoch is one of another mesh");
  if (wraps.some(({ epoch_id }) => epoch_id !== record.epoch_id))
    throw new ClaudemeshError("invalid_field", "a wrap that comes with an epoch is one of its key");
  if (!epochRecordHolds(record)) throw new ClaudemeshError("auth_failed", "the epoch's signature does not hold");
  await requireDestination(store, meshId, memberId, record.destination);
  await requireMaker(record, memberId, { store, membership });
  const created = await store.createEpoch(meshId, record, wraps, { memberId, now: clock.now() });
  keyNews.changed(meshId);
  return created;
}

/** What is kept of a chain may be behind what another broker has appended, so it is read anew before anything is refused. */
async function requireMaker(
  record: EpochRecord,
  handedInBy: string,
  { store, membership }: Pick<KeyParts, "store" | "membership">,
): Promise<void> {
  const before =
    record.parent === null
      ? await store.firstEpoch(record.mesh_id, record.destination)
      : await store.epoch(record.mesh_id, record.parent);
  // Of one that is here already the wraps are taken all the same.
  const other = before?.epoch_id === record.epoch_id ? null : before;
  const problem = (chain: MembershipState | null) => refusalOf(record, chain, { before: other, handedInBy });
  if (problem(await membership.known(record.mesh_id)) === null) return;
  const refusal = problem(await membership.fresh(record.mesh_id));
  if (refusal !== null) throw refusal;
}

function refusalOf(
  record: EpochRecord,
  chain: MembershipState | null,
  { before, handedInBy }: { readonly before: EpochRecord | null; readonly handedInBy: string },
): ClaudemeshError | null {
  if (chain === null)
    return new ClaudemeshError("mesh_unsealed", "the mesh has no membership yet, so it takes no keys", {
      hint: "claudemesh mesh seal, in its owner's home",
    });
  switch (epochProblem(record, chain, before)) {
    case "head_unknown":
      return new ClaudemeshError(
        "membership_moved",
        "the epoch was made under a membership that this broker does not have",
        { hint: "hand in the entries that it lacks and try again" },
      );
    case "maker_unknown":
      return new ClaudemeshError("auth_failed", "the epoch is not signed by a member's key that was in use");
    case "history_not_its_own":
      if (record.parent === null) return otherHistory();
      return mayNotChangeHistory();
    case null: {
      const maker = activeMember(chain, handedInBy);
      const changes = before !== null && before.history !== record.history;
      // Who is no admin any more names no earlier head to be one again.
      if (changes && record.created_by === handedInBy && (maker === null || !isAdmin(maker)))
        return mayNotChangeHistory();
      return null;
    }
  }
}

function mayNotChangeHistory(): ClaudemeshError {
  return new ClaudemeshError(
    "not_allowed",
    "only an owner or admin changes whether who comes later gets earlier keys",
    {
      hint: "claudemesh members shows the roles",
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
  const stored = await store.addWraps(meshId, wraps, { memberId, now: clock.now() });
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
