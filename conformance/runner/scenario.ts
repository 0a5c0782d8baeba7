import type { ScriptedAnswer } from "./scripted-daemon.ts";
import type { LosingRule } from "./answer-proxy.ts";
import type { HostAction } from "./running-mesh.ts";

/** A scenario as it is written; conformance/scenarios/README.md explains it. */
export interface Scenario {
  readonly name: string;
  readonly proves: string;
  /** The file that it stands in. */
  readonly file: string;
  readonly mesh: "shared" | "own" | "none";
  readonly members: readonly string[];
  readonly clients: ReadonlyMap<string, ClientPlan>;
  readonly steps: readonly Step[];
}

/** How a client reaches its daemon. */
export interface ClientPlan {
  /** The member whose daemon it is; null: nobody's. */
  readonly of: string | null;
  readonly over: "socket" | "tcp" | "proxy" | "script" | "nothing";
  readonly env: Readonly<Record<string, string>>;
}

/** What a step does, and what of its answer is expected. */
export interface Step {
  /** As it is written, for reports. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly does: Deed;
  readonly outcome: Outcome;
  /** Values of `${each}`, one run of the step each; without any, one run. */
  readonly each: readonly unknown[];
}

export type Deed =
  | {
      readonly kind: "call";
      readonly client: string;
      readonly op: string;
      readonly with: Readonly<Record<string, unknown>>;
      /** Name by which a later step takes the answer. */
      readonly begin: string | null;
    }
  | { readonly kind: "end"; readonly of: string }
  | { readonly kind: "host"; readonly action: HostAction; readonly program: string }
  | { readonly kind: "lose"; readonly of: string; readonly rule: LosingRule }
  | { readonly kind: "release"; readonly of: string }
  | { readonly kind: "cut"; readonly of: string; readonly hold: boolean }
  | { readonly kind: "script"; readonly of: string; readonly answers: readonly ScriptedAnswer[] }
  | { readonly kind: "seen"; readonly by: string; readonly path: string | undefined }
  | { readonly kind: "http"; readonly request: RawRequest }
  | { readonly kind: "home"; readonly name: string; readonly daemons: Readonly<Record<string, string>> };

/** A request that no SDK would make. */
export interface RawRequest {
  readonly to: string;
  readonly over?: "socket" | "tcp";
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** The body as it is. */
  readonly text?: string;
  /** The body's bytes. */
  readonly base64url?: string;
}

export type Outcome =
  | { readonly kind: "succeeds"; readonly gives: unknown }
  | { readonly kind: "becomes"; readonly gives: unknown }
  | { readonly kind: "fails"; readonly with: unknown };
