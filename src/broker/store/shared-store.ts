import type { MembershipHead } from "../../protocol/membership-frames.ts";
import type { Kick, MemberRow } from "./store.ts";

/**
 * What brokers over one store need of it beyond a single broker's work (wire.md §5). No state in a process is one that another
 * process needs: whatever a broker must know of the others stands here, and what it hears on the bus only comes sooner.
 */
export interface SharedStore {
  /** Extends this broker's lease. `live`: leases that have not ended, this one included; `eldest`: of them this broker began first. */
  extendLease(now: number, until: number): Promise<{ live: number; eldest: boolean }>;
  /** The broker ends in good order: its links are nobody's any more. */
  endLease(): Promise<void>;
  /**
   * Of these links of this broker, those that are their member's no more, and why. One that another link of this same broker follows on
   * is left out: whoever opens that one ends it.
   */
  endedLinks<L extends HeldLink>(links: readonly L[], now: number): Promise<EndedLink<L>[]>;
  /** End of each mesh's log, and of its membership chain, and the newest number of its keys. */
  heads(meshIds: readonly string[]): Promise<MeshHeads[]>;
  /** Of these members, those for whom receipts or notices are kept. */
  owed<M extends HeldMember>(members: readonly M[]): Promise<M[]>;
  /** Members of these meshes whose presence lease ended after `from` and up to `to`. */
  offline(meshIds: readonly string[], window: { readonly from: number; readonly to: number }): Promise<MemberRow[]>;
  /** Runs when the store has met another life of its server: what it committed before may be gone. */
  onNewLife(listener: () => void): void;
}

export interface MeshHeads {
  readonly mesh_id: string;
  readonly seq: number;
  readonly membership: MembershipHead | null;
  readonly key_seq: number;
}

export interface HeldMember {
  readonly meshId: string;
  readonly memberId: string;
}

export interface HeldLink extends HeldMember {
  readonly instanceId: string;
  readonly linkEpoch: number;
}

/** A link that is its member's no more, and why. */
export type EndedLink<L> = { readonly link: L } & LinkEnd;

export type LinkEnd =
  | { readonly why: "revoked" }
  /** Sent away for a time. */
  | { readonly why: "kicked"; readonly kick: Kick }
  /** Another daemon has a link as this member at a broker that is alive. */
  | { readonly why: "replaced"; readonly otherInstanceId: string }
  /** The same daemon has a newer one, or the newer one's broker is dead. */
  | { readonly why: "followed" }
  /**
   * Nobody has a newer one: that ended while it was opening, the mesh's concurrency policy changed, or a link that only sends is to take the
   * place of the receiving one, which is gone. Its daemon comes back.
   */
  | { readonly why: "released" };
