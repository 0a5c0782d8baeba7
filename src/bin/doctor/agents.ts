import type { Client } from "../../client/client.ts";
import { plural } from "../../cli/plural.ts";
import type { AgentList } from "../../protocol/agents-api.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { type DaemonCheck, type Outcome, ok, warning } from "./check.ts";

/** Mail for agents that nobody is: it waits in the inbox, and no session is told of it. */
export const check: DaemonCheck = {
  name: "agents",
  async run(_host, { health, client, slug }) {
    if (health === null || client === null) return [];
    const list = await agentsOf(client);
    if (list === null) return [];
    const { items, unclaimed, undecided } = list;
    const found: Outcome[] = unclaimed.map(({ agent, waiting }) =>
      warning(
        `${plural(waiting, "unread message")} ${waiting === 1 ? "is" : "are"} for agent ${agent}, which is not there`,
        `claudemesh agent attach ${agent} --mesh ${slug} in its folder makes it; else claudemesh inbox --unread --mesh ${slug}`,
      ),
    );
    if (undecided > 0 && items.length > 0)
      found.push(
        warning(
          `${plural(undecided, "unread message")} to this member ${undecided === 1 ? "names" : "name"} no agent, and none of ${items.length} is the default: nobody is told of it`,
          `claudemesh config set agents.default ${items[0]?.name ?? ""} --mesh ${slug}, or another of claudemesh agent list; then claudemesh reload --mesh ${slug}`,
        ),
      );
    if (found.length > 0 || items.length === 0) return found;
    const online = items.filter(({ state }) => state !== "offline").length;
    return [ok(`${plural(items.length, "agent")}, ${online} with a session now`)];
  },
};

/** null: a daemon that runs in an earlier version has none. */
async function agentsOf(client: Pick<Client, "agents">): Promise<AgentList | null> {
  try {
    return await client.agents.list();
  } catch (thrown) {
    if (ClaudemeshError.from(thrown).code === "not_found") return null;
    throw thrown;
  }
}
