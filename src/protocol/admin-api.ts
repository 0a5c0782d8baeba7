import type { ConcurrencyPolicy } from "./concurrency.ts";

/** Answers of the broker's admin socket (HTTP/JSON, snake_case as on the wire). */

export interface BrokerStatusView {
  readonly broker_id: string;
  /** Deployment public key, 64 hex characters. */
  readonly broker_key: string;
  /** Where daemons of this host connect. */
  readonly url: string;
  /** Where daemons of other hosts connect; null: nowhere. */
  readonly exposed: { readonly url: string; readonly port: number; readonly certificate_print: string } | null;
  readonly pid: number;
  readonly links: number;
}

export interface MeshView {
  readonly mesh_id: string;
  readonly slug: string;
}

export interface MeshRowView extends MeshView {
  /** Epoch milliseconds. */
  readonly created_at: number;
  readonly concurrency: ConcurrencyPolicy;
}

export interface MeshList {
  readonly meshes: readonly MeshRowView[];
}
