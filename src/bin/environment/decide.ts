import type { Decision } from "../../cli/launcher.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Environment } from "./detect.ts";

export type Mode = "persistent" | "ephemeral";

/** What is known besides the environment. */
export interface Asked {
  /** By --ephemeral or --persistent; null: by neither. */
  readonly mode: Mode | null;
  /** By --http or --no-http; null: by neither. */
  readonly http: boolean | null;
}

export interface Decided {
  readonly mode: Mode;
  /** Each with its reason, for the log and `status`. Empty where everything is as on any host, and nothing was asked for. */
  readonly decisions: readonly Decision[];
}

/**
 * How a daemon runs: what was asked for, else as the member that it is, else what suits its environment. `isMember`: this home keeps the
 * member's keys on disk.
 */
export function decide(environment: Environment, asked: Asked, isMember: boolean): Decided {
  const mode = decideMode(environment, asked.mode, isMember);
  return {
    mode: mode?.value === "ephemeral" ? "ephemeral" : "persistent",
    decisions: [...(mode === null ? [] : [mode]), ...localApi(environment, asked.http), ...hooks(environment)],
  };
}

function decideMode({ kind, because }: Environment, asked: Mode | null, isMember: boolean): Decision | null {
  const is = (value: Mode, why: string, override: string | null): Decision => ({
    setting: "mode",
    value,
    because: why,
    override,
  });
  if (asked === "ephemeral") return is("ephemeral", "--ephemeral was given", null);
  if (kind === "host") return null;
  if (asked === "persistent") return is("persistent", "--persistent was given", null);
  if (isMember) return is("persistent", "this home keeps the member's keys on disk", null);
  return kind === "ci"
    ? is("ephemeral", because ?? "", "--persistent")
    : is("persistent", because ?? "", "--ephemeral");
}

/** Containers of one host, and jobs of one runner, often share the loopback interface. */
function localApi({ kind, because }: Environment, http: boolean | null): readonly Decision[] {
  if (kind === "host") return [];
  return http === true
    ? [{ setting: "local_api", value: "unix_socket_and_http", because: "--http was given", override: "--no-http" }]
    : [{ setting: "local_api", value: "unix_socket", because: because ?? "", override: "--http" }];
}

/** What runs on a host of one's own is nothing that a job should run; the settings may say otherwise. */
function hooks({ kind, because }: Environment): readonly Decision[] {
  if (kind !== "ci") return [];
  return [{ setting: "hooks", value: "off", because: because ?? "", override: "--set hooks.run=yes" }];
}

/** What whoever asked for --http should know where others share the loopback interface; null: nothing. */
export function httpNotice({ kind, because }: Environment, http: boolean): string | null {
  if (kind === "host" || !http) return null;
  return `${because}; with --http whatever shares its network can try 127.0.0.1, where only the token keeps it out`;
}

/** Throws usage for what is of ephemeral daemons alone. */
export function requireEphemeral(mode: Mode, given: { readonly ttlMs: number | null; readonly invite: boolean }): void {
  if (mode === "ephemeral") return;
  if (given.ttlMs !== null)
    throw new ClaudemeshError("usage", "--ttl is the time of an ephemeral daemon, and this one is persistent", {
      hint: "add --ephemeral, or leave --ttl out",
    });
  if (given.invite)
    throw new ClaudemeshError("usage", "--invite makes an ephemeral member, and this one is persistent", {
      hint: "to stay: claudemesh join LINK; else add --ephemeral",
    });
}

/** Throws not_allowed for a service where nothing stays that it could start again. */
export function requireLasting({ kind, because }: Environment, force: boolean): void {
  if (kind !== "ci" || force) return;
  throw new ClaudemeshError("not_allowed", `${because}: what is installed here ends with the job`, {
    hint: "claudemesh up; on a runner of your own that keeps it: claudemesh install-service --force",
  });
}
