import type { OfferView } from "../protocol/offers-api.ts";
import type { Client } from "../client/client.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { readPageOptions, pageOptions } from "./page-options.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { table } from "./table.ts";
import { typedAgent } from "./typed-address.ts";

const defaultLimit = 20;

export const command: Command = {
  name: "agent offers",
  summary: "Show how far messages have come with an agent: what waits and why, and what its sessions have had",
  usage: "agent offers [agent] [--open] [--json]",
  options: {
    open: { type: "boolean", help: "without what the agent has read" },
    ...pageOptions(defaultLimit),
  },
  exits: ["notRunning", "notFound"],
  related: ["agent list", "agent release", "agent policy", "help delivery"],
  examples: ["agent offers reviewer --open"],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 0, 1);
    const [written] = positionals;
    const page = readPageOptions(command, context, defaultLimit);
    const daemon = client();
    const agent = written === undefined ? await onlyAgent(daemon, signal) : typedAgent(command, written);
    const { items, next_cursor } = await daemon.agents.offers(
      agent,
      { ...page, ...(flag("open") ? { open: true } : {}) },
      { signal },
    );
    if (flag("json")) {
      out.json({ agent, items, next_cursor });
      return exitCodes.ok;
    }
    if (items.length === 0) out.note(`nothing for ${agent} yet`);
    else
      for (const line of table([["MESSAGE", "FROM", "TO", "STATE", "WAY", "OFFERS", "SINCE", ""], ...items.map(cells)]))
        out.line(line);
    if (next_cursor !== null) out.note(`more: --cursor ${next_cursor}`);
    return exitCodes.ok;
  },
};

/** Without a name: the agent, where there is one alone, or the default. */
async function onlyAgent(client: Client, signal: AbortSignal): Promise<string> {
  const { items, default: chosen } = await client.agents.list({ signal });
  const [only, another] = items;
  if (chosen !== null) return chosen;
  if (only !== undefined && another === undefined) return only.name;
  throw usage(command, "which agent?", "claudemesh agent list shows them");
}

function cells(offer: OfferView): string[] {
  const from = offer.from.name === null ? offer.from.member_id.slice(0, 16) : `@${offer.from.name}`;
  return [
    `#${offer.inbox_id}`,
    from,
    offer.to,
    offer.state,
    offer.way ?? "-",
    String(offer.offers),
    offer.changed_at,
    why(offer),
  ];
}

/** What keeps it where it is. */
function why({ inbox_id, state, policy, reason }: OfferView): string {
  if (state === "denied" || state === "notified")
    return `${reason ?? ""} (claudemesh agent release ${inbox_id})`.trim();
  if (state === "waiting" && (policy === "hold" || policy === "block"))
    return `the policy for its sender is ${policy} (claudemesh agent release ${inbox_id})`;
  if (state === "waiting" && policy === "mute") return "its sender is muted: it comes when the agent asks for its mail";
  return reason ?? "";
}
