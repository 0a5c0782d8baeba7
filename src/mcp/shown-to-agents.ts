import { ClaudemeshError } from "../protocol/error.ts";
import type { HistoryItem, InboxItem } from "../protocol/local-api.ts";
import { policyOf } from "../protocol/sender-policy.ts";
import type { Call } from "./tool.ts";

/**
 * What an agent may see of a message, by what the user and the settings say of its sender: nothing, although it asks; that there is
 * one, until it asks for that one; or all of it.
 */
export type Shown = "nothing" | "notice" | "all";

const shownBy = { auto: "all", mute: "all", ask: "notice", hold: "nothing", block: "nothing" } as const;

/** Throws what keeps it from the daemon. */
export async function shownToAgent(call: Call): Promise<(item: InboxItem | HistoryItem) => Shown> {
  const named = await call.session.named(call.signal);
  // A daemon without agents has no policies either.
  if (named === null) return () => "all";
  const policies = await call.ask((client, options) => client.agents.policies(options));
  return (item) => ("body" in item ? shownBy[policyOf(item, named.agent, policies, call.now())] : "all");
}

export function hiddenFromAgents(inboxId: number): ClaudemeshError {
  return new ClaudemeshError("not_allowed", `your user keeps the sender of message ${inboxId} from agents`, {
    hint: `ask your user; claudemesh agent release ${inboxId} lets this one into inbox`,
  });
}
