import type { MemberView } from "../protocol/membership-api.ts";
import { agentsText } from "./agents-text.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";
import { table } from "./table.ts";

export const command: Command = {
  name: "members",
  aliases: ["peers"],
  summary: "List the members of the mesh: who is online, who was seen last when, with which agents",
  usage: "members [--ended] [--json]",
  options: { ended: { type: "boolean", help: "also those who have left or were revoked" } },
  examples: ["members"],
  exits: ["notRunning", "tryLater"],
  related: ["verify", "member role", "topic list", "help addresses"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 0, 0);
    const daemon = client();
    const { items, told_at } = await daemon.memberList({ ended: flag("ended"), signal });
    const { link } = await daemon.health({ signal });
    if (flag("json")) {
      out.json({ members: items, told_at, link: link.state });
      return exitCodes.ok;
    }
    for (const line of table([["ADDRESS", "ROLE", "LINK", "LAST SEEN", "AGENTS", ""], ...items.map(cells)]))
      out.line(line);
    if (link.state !== "connected")
      out.note(`as last told${told_at === null ? "" : ` at ${told_at}`}; the link is down (claudemesh doctor)`);
    return exitCodes.ok;
  },
};

function cells(member: MemberView): string[] {
  return [
    member.address,
    member.role,
    member.online ? "online" : "offline",
    member.last_seen_at ?? "never",
    agentsText(member),
    remarks(member),
  ];
}

function remarks(member: MemberView): string {
  const { self, status, kicked_until: kicked, clone_suspected_at: suspected, destinations } = member;
  const said = [
    ...(self ? ["this daemon"] : []),
    ...(status === "active" ? [] : [status]),
    // A daemon of an earlier version does not tell.
    ...(kicked == null ? [] : [`sent away until ${kicked}`]),
    ...(suspected == null ? [] : [`on another host, or a copy, since ${suspected}`]),
    ...(destinations === null ? [] : [`limited to ${destinations.join(", ") || "#all"}`]),
  ];
  return said.length === 0 ? "" : `(${said.join("; ")})`;
}
