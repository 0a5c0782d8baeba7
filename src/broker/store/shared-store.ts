import type { MemberRow } from "./store.ts";

/**
 * What brokers over one store need of it beyond a single broker's work (wire.md §5). No state in a process is one that another
 * process needs: whatever a broker must know of the others stands here, and what it hears on the bus only comes sooner.
 */
export interface SharedStore {
  /** Extends this broker's lease. `live`: leases that have not ended, this one included; `eldest`: of them this broker began first. */
  extendLease(now: number, until: number): Promise<{ live: number; eldest: boolean }>;
  /** The broker ends in good order: its links are nobody's any more. */
  endLease(): Promise<void>;
  /** The link was closed here; a newer one of the member is not touched. */
  linkClosed(meshId: string, memberId: string, linkEpoch: number): Promise<void>;
  /** Everything that a lost wake-up may have hidden from these links. */
  sweep(links: readonly SweptLink[], window: { from: number; to: number }): Promise<Swept>;
  /** Runs when the store has met another life of its server: what it committed before may be gone. */
  onNewLife(listener: () => void): void;
}

export interface SweptLink {
  readonly mesh_id: string;
  readonly member_id: string;
  readonly link_epoch: number;
}

export interface Swept {
  /** End of each mesh's log, and its epoch. */
  readonly heads: readonly { readonly mesh_id: string; readonly epoch: number; readonly seq: number }[];
  /** Links that are no longer their member's, or whose member was revoked. */
  readonly ended: readonly (SweptLink & { readonly revoked: boolean })[];
  /** Members for whom receipts or notices are kept. */
  readonly owed: readonly { readonly mesh_id: string; readonly member_id: string }[];
  /** Members whose presence lease ended within the window. */
  readonly offline: readonly MemberRow[];
}
