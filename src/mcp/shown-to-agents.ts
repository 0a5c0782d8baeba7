import { ClaudemeshError } from "../protocol/error.ts";
import type { HistoryItem, InboxItem } from "../protocol/local-api.ts";
import type { SenderPolicyView } from "../protocol/offers-api.ts";
import type { Call } from "./tool.ts";

/** Policies of a sender under which no agent sees a word of it, asked for or not. */
const hiding: ReadonlySet<string> = new Set(["hold", "block"]);

/** Whether an agent may see what a sender wrote, by the policies that the user has set. Throws what keeps it from the daemon. */
export async function policiesFor(call: Call): Promise<(item: InboxItem | HistoryItem) => boolean> {
  const named = await call.session.named(call.signal);
  // A daemon without agents has no policies either.
  if (named === null) return () => true;
  const policies = await call.ask((client, options) => client.agents.policies(options));
  return ({ from }) => from === undefined || !hiding.has(policyOf(from.member_id, named.agent, policies) ?? "");
}

/** Of several lines the one for this agent counts before the one for all; null: none. Those that are over are not told. */
function policyOf(sender: string, agent: string, policies: readonly SenderPolicyView[]): string | null {
  const lines = policies.filter((line) => line.sender.member_id === sender);
  const own = lines.find((line) => line.agent === agent) ?? lines.find((line) => line.agent === null);
  return own?.policy ?? null;
}

export function hiddenFromAgents(inboxId: number): ClaudemeshError {
  return new ClaudemeshError("not_allowed", `your user keeps the sender of message ${inboxId} from agents`, {
    hint: `ask your user; claudemesh agent release ${inboxId} lets this one in`,
  });
}
