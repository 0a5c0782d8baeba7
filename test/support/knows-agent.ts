import type { Client } from "../../src/client/client.ts";

/** Resolves when a daemon knows that a member has an agent: until then it refuses to send to it. */
export async function knowsAgent(client: Client, member: string, agent: string): Promise<void> {
  const isKnown = async (): Promise<boolean> =>
    (await client.members()).some(({ name, agents }) => name === member && agents.includes(agent));
  while (!(await isKnown())) {
    // The answer to the next question may be another one.
  }
}
