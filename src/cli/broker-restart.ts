import { ClaudemeshError } from "../protocol/error.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "broker restart",
  summary: "Stop this home's broker and start it again, so that it reads its settings anew",
  usage: "broker restart",
  options: {},
  examples: ["broker restart"],
  exits: ["notRunning"],
  related: ["config set", "broker status"],
  async run({ launcher, out, positionals, home, flag }) {
    requireWords(command, positionals, 0, 0);
    const processes = await launcher();
    // Asked first: stopping what is not there must not end in a broker that nobody wanted.
    if ((await processes.status(home)).broker.state === "absent")
      throw new ClaudemeshError("not_running", `${home} has no broker of its own`, { hint: "claudemesh status" });
    await processes.down(home, { daemons: false, broker: true, mesh: null });
    const broker = await processes.brokerUp(home, null);
    if (flag("json")) out.json(broker);
    else out.line(`broker restarted (pid ${broker.status.pid ?? "?"})  ${broker.status.url ?? ""}`);
    return exitCodes.ok;
  },
};
