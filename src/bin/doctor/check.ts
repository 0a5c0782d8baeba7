import type { Finding } from "../../cli/launcher.ts";
import type { Host } from "./host.ts";
import type { BrokerSite, DaemonSite } from "./sites.ts";

/** What a check says; the runner gives it its name. */
export type Outcome = Omit<Finding, "name">;

/** One thing that is looked at. It reads through its host only, so that a test can show it any state of affairs. */
export interface Check<Site> {
  /** Last part of the finding's name. */
  readonly name: string;
  /** Empty where there is nothing to say. What it throws becomes a problem. */
  run(host: Host, site: Site): readonly Outcome[] | Promise<readonly Outcome[]>;
}

export type HomeCheck = Check<null>;
export type DaemonCheck = Check<DaemonSite>;
export type BrokerCheck = Check<BrokerSite>;

export function ok(message: string): Outcome {
  return { state: "ok", message, hint: null };
}

export function warning(message: string, hint: string): Outcome {
  return { state: "warning", message, hint };
}

export function problem(message: string, hint: string): Outcome {
  return { state: "problem", message, hint };
}
