import type { CallOptions } from "../client/deadline.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { InboxItem } from "../protocol/local-api.ts";
import { framedPart } from "./framed.ts";
import { mcpLimits } from "./mcp-limits.ts";
import { hiddenFromAgents, shownToAgent } from "./shown-to-agents.ts";
import type { Call } from "./tool.ts";

export interface ShownMessage {
  readonly text: string;
  readonly priority: string;
  /** To be called once it has been shown. Never throws. */
  markRead(): Promise<void>;
}

/** One message of the inbox from a character on, as much of it as a result takes. Throws not_found, and not_allowed by policy. */
export async function showOne(id: number, fromChar: number, call: Call): Promise<ShownMessage> {
  const item = await call.ask((client, options) => client.inbox.item(id, options));
  if ((await shownToAgent(call))(item) === "nothing") throw hiddenFromAgents(id);
  const length = item.message?.length ?? 0;
  if (fromChar > length)
    throw new ClaudemeshError("invalid_field", `message ${id} has ${length} characters: from_char is beyond them`, {
      hint: "from_char 0 begins at the beginning",
    });
  const { mesh } = await call.ask((client, options) => client.health(options));
  const charsMax = mcpLimits.resultCharsMax - positionCharsMax;
  const { text, end } = framedPart(item, { from: fromChar, mesh, to: item.to, charsMax });
  return {
    text: fromChar === 0 && end === length ? text : `${positionLine(id, fromChar, end, length)}\n${text}`,
    priority: item.priority,
    async markRead() {
      const options = { timeoutMs: mcpLimits.afterwardsMs, signal: AbortSignal.timeout(mcpLimits.afterwardsMs) };
      if (!(await isFor(item, call, options))) return;
      // Untold it stays unread, and is shown again.
      await call.ask((client, more) => client.inbox.markRead(id, more), options).catch(() => undefined);
    },
  };
}

/**
 * Whether it is mail of this session's agent. What was sent to another one of this member may be looked at, and stays unread for that one; of a
 * topic each agent has its own word.
 */
async function isFor({ topic, agent }: InboxItem, { session, ask }: Call, options: CallOptions): Promise<boolean> {
  if (topic !== null) return false;
  const named = session.known();
  if (named === null) return false;
  const { items } = await ask((client, more) => client.agents.list(more), options).catch(() => ({ items: [] }));
  const own = items.find(({ name }) => name === named.agent);
  if (own === undefined) return false;
  return agent === null ? own.default : agent === own.name || own.former_names.includes(agent);
}

/** Room for the line about what of it is shown. */
const positionCharsMax = 160;

function positionLine(id: number, from: number, end: number, length: number): string {
  const more = end === length ? "its end" : `for more call inbox with id ${id} and from_char ${end}`;
  return `characters ${from} to ${end} of ${length}; ${more}`;
}
