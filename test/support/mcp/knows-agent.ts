import type { Client } from "../../../src/client/client.ts";

/** Resolves when a daemon has been told of another member's agent: from then on it takes what is sent there. */
export async function knowsAgent(client: Client, address: string): Promise<void> {
  const [member, agent = ""] = address.split("/");
  // Asked until it is so: an agent without a session is told of by no event.
  for (;;) {
    const members = await client.members();
    if (members.some((one) => one.address === member && one.agents.includes(agent))) return;
  }
}
