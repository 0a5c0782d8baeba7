import type { SpawnOptions } from "node:child_process";
import type { Service } from "../../base/service.ts";
import type { CapabilityScope } from "../../protocol/hook-settings.ts";
import type { HookContainment } from "../../protocol/hooks-api.ts";
import type { SendResult } from "../../protocol/local-api.ts";
import type { HookEvent } from "./capability/scope.ts";
import type { ReplyContent } from "./reply.ts";
import type { FsPolicy, NetworkPolicy, UnenforcedPolicy } from "./sandbox/policy.ts";

/** One run of a hook, before it is known how it can be contained here. */
export interface HookSpec {
  /** Its name among the hooks: `on-dm`. */
  readonly hook: string;
  /** The executable, for messages. What is run is {@link fd}. */
  readonly path: string;
  /** The executable, open for reading and checked. Never read from: what runs it reads from where it stands. Its opener closes it. */
  readonly fd: number;
  readonly event: HookEvent;
  readonly fsPolicy: FsPolicy;
  readonly networkPolicy: NetworkPolicy;
  readonly unenforced: UnenforcedPolicy;
  readonly scopes: readonly CapabilityScope[];
  /** Absent: it has no token, whatever its scopes. */
  readonly actions?: HookActions;
  /** All of its environment but the socket and the token of this run. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a hook may have done for it by its token, bound to the event that it runs for. They reject with the refusals of a send. */
export interface HookActions {
  /** Answers the event's message, under the same id as what the hook prints would be answered by. */
  reply(content: ReplyContent): Promise<SendResult>;
  send(message: HookMessage): Promise<SendResult>;
}

/** What a hook sends by its token, to the sender or topic of its event. */
export interface HookMessage {
  readonly to: string;
  readonly content: ReplyContent;
  readonly replyTo: string | undefined;
  /** The message among those of this hook for this event: a rerun that says the same key means the same message. */
  readonly key: string;
}

/** How one run of a hook is started, or why it must not be. */
export type Launch = LaunchRun | { readonly kind: "refused"; readonly reason: string };

export interface LaunchRun {
  readonly kind: "run";
  /** false: it runs as the user, since its policies cannot be enforced here and its settings say so. */
  readonly enforced: boolean;
  readonly command: string;
  readonly args: readonly string[];
  /** With a process group of its own and pipes for stdin, stdout and stderr; what comes after them is the launcher's. */
  readonly options: SpawnOptions;
  /**
   * Ends the group that the process `pid` leads. SIGTERM is for the hook and what it has started, and not for what contains
   * them: they have the time to end that they are given.
   */
  signal(pid: number, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** What was asked with its token so far, the refused as well; bounded. */
  calls(): readonly CapabilityCall[];
  /** To be called as soon as the process has ended, or did not start: its token is dead and its socket gone. Idempotent. */
  cleanup(): Promise<void>;
}

/** One request with a hook's token. */
export interface CapabilityCall {
  /** The scope that it came under; `none`: there is none for it. */
  readonly scope: CapabilityScope | "none";
  readonly outcome: CapabilityOutcome;
  readonly to: string | null;
}

const capabilityOutcomes = ["sent", "refused", "failed"] as const;
export type CapabilityOutcome = (typeof capabilityOutcomes)[number];

/** Where hooks run: away from this daemon's files and from each other, with a socket that takes their own token only. */
export interface Containment extends Service {
  launch(spec: HookSpec): Promise<Launch>;
  /** Tried when it is asked for first; what could not be enforced then is tried again a while later. */
  enforcement(): Promise<HookContainment>;
}
