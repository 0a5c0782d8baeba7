import { ClaudemeshError } from "../error.ts";
import { applyEntry, beginChain } from "./apply-entry.ts";
import { type EntryContent, type MembershipEntry, signEntry } from "./entry.ts";
import type { MembershipState } from "./state.ts";
import type { KeyObject } from "node:crypto";

/** The state of a chain read from its beginning, every entry verified. Throws as {@link applyEntry}. */
export function verifyChain(entries: readonly MembershipEntry[], meshId: string): MembershipState {
  const [first, ...rest] = entries;
  if (first === undefined) throw new ClaudemeshError("mesh_unsealed", "the mesh has no membership chain");
  const state = beginChain(first, meshId);
  for (const entry of rest) applyEntry(state, entry);
  return state;
}

/** Who signs an entry. */
export interface EntryMaker {
  /** member_id, or of a `join` the invite_id. */
  readonly by: string;
  readonly keyId: string;
  readonly key: KeyObject;
}

/** The entry that follows a head; `state` null: the chain's first. `at` is RFC 3339. */
export function nextEntry(
  state:
    | Pick<MembershipState, "meshId" | "n" | "head">
    | { readonly meshId: string; readonly n: -1; readonly head: null },
  content: EntryContent,
  maker: EntryMaker,
  at: string,
): MembershipEntry {
  return signEntry(
    { mesh_id: state.meshId, n: state.n + 1, previous: state.head, at, by: maker.by, key_id: maker.keyId, ...content },
    maker.key,
  );
}

/** What stands before a chain's first entry. */
export function noChain(meshId: string): { readonly meshId: string; readonly n: -1; readonly head: null } {
  return { meshId, n: -1, head: null };
}
