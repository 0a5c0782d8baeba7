import type { Durability } from "./local-api.ts";

/** Least values by feature and parameter. */
export type FeatureFloors = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What runs, and what it and its broker have agreed on. */
export interface VersionView {
  readonly daemon: string;
  readonly ipc_api: "v1";
  readonly ipc_features: readonly string[];
  readonly schema_version: number;
  readonly durability: Durability;
  /** Parameters by feature, its version among them, as negotiated; null while there is no link. */
  readonly broker_features: Readonly<Record<string, unknown>> | null;
  /** Without these the daemon ends the link. */
  readonly required_features: readonly string[];
  /** Of the broker's answer: optional features, or `feature.parameter`, that are invalid; null while there is no link. */
  readonly ignored_features: readonly string[] | null;
  /** Least values that this daemon works with, by feature and parameter. */
  readonly feature_floors: FeatureFloors;
  /** Bytes of one message's body in this mesh; the default while there is no link. */
  readonly inline_bytes: number;
  /** Bytes of the largest file. */
  readonly file_bytes: number;
}

/** The ranges that a daemon supports, whatever it has negotiated. */
export interface CompatView {
  readonly ipc_api: readonly string[];
  readonly ipc_features: readonly string[];
  /** Subprotocols of the link. */
  readonly link: readonly string[];
  readonly envelope_versions: readonly number[];
  readonly fingerprint_versions: readonly string[];
  /** Offered to the broker, by name. */
  readonly features: {
    readonly require: Readonly<Record<string, { readonly versions: readonly number[] }>>;
    readonly optional: Readonly<Record<string, { readonly versions: readonly number[] }>>;
  };
  readonly feature_floors: FeatureFloors;
  readonly schema_version: { readonly min: number; readonly max: number };
  readonly sqlite: string;
  readonly daemon: string;
}
