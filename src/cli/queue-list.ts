import { limits } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "queue list",
  summary: "List the queues of the mesh with what they hold",
  usage: "queue list [--json]",
  options: {},
  exits: ["notRunning", "tryLater"],
  related: ["queue create", "queue dead"],
  examples: ["queue list"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const queues = await client().queues.list({ signal });
    if (flag("json")) {
      out.json({ queues });
      return exitCodes.ok;
    }
    if (queues.length === 0) out.note("no queues yet; make one: claudemesh queue create NAME");
    const isOpen = queues.some(({ unsealed }) => unsealed);
    const rows = queues.map(({ address, messages, deliveries_max, unsealed }) => [
      address,
      ...[messages.ready, messages.delayed, messages.leased, messages.dead].map(counted),
      String(deliveries_max),
      ...(unsealed ? ["unsealed messages of API keys"] : []),
    ]);
    const head = ["QUEUE", "READY", "DELAYED", "LEASED", "DEAD", "DELIVERIES", ...(isOpen ? ["OPEN FOR"] : [])];
    if (rows.length > 0) for (const line of table([head, ...rows])) out.line(line);
    return exitCodes.ok;
  },
};

function counted(count: number): string {
  return count < limits.queueCountMax ? String(count) : `${count}+`;
}
