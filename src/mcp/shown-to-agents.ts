import { ClaudemeshError } from "../protocol/error.ts";
import type { HistoryItem, InboxItem } from "../protocol/local-api.ts";
import { policyOf } from "../protocol/sender-policy.ts";
import type { Call } from "./tool.ts";

/** Policies of a sender under which no agent sees a word of it, asked for or not. */
const hiding: ReadonlySet<string> = new Set(["hold", "block"]);

/** Whether an agent may see what a sender wrote, by what the user and the settings say. Throws what keeps it from the daemon. */
export async function policiesFor(call: Call): Promise<(item: InboxItem | HistoryItem) => boolean> {
  const named = await call.session.named(call.signal);
  // A daemon without agents has no policies either.
  if (named === null) return () => true;
  const policies = await call.ask((client, options) => client.agents.policies(options));
  return (item) => !("body" in item) || !hiding.has(policyOf(item, named.agent, policies, call.now()));
}

export function hiddenFromAgents(inboxId: number): ClaudemeshError {
  return new ClaudemeshError("not_allowed", `your user keeps the sender of message ${inboxId} from agents`, {
    hint: `ask your user; claudemesh agent release ${inboxId} lets this one into inbox`,
  });
}
