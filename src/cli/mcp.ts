import { systemClock } from "../base/clock.ts";
import { readProgramVersion } from "../base/program-version.ts";
import { checkName } from "../protocol/address.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "mcp",
  summary: "Serve a coding agent: its tools send, inbox, reply and more, by the Model Context Protocol",
  usage: "mcp [--agent NAME] [--channel]",
  options: {
    agent: {
      type: "string",
      value: "NAME",
      help: "which agent the session is (CLAUDEMESH_AGENT); else that of its folder",
    },
    channel: {
      type: "boolean",
      help: "push messages into the session as a Claude Code channel; by the protocol of 2025 alone",
    },
  },
  examples: ["mcp", "mcp --agent reviewer"],
  related: ["agent list", "watch"],
  async run({ positionals, option, flag, env, out, signal, client }) {
    requireWords(command, positionals, 0, 0);
    const wanted = option("agent") ?? env["CLAUDEMESH_AGENT"] ?? "";
    const agent = wanted === "" ? null : checkName(wanted, "agent");
    const { serveMcp } = await import("../mcp/serve-mcp.ts");
    await serveMcp({
      input: process.stdin,
      output: process.stdout,
      connect: client,
      agent,
      cwd: process.cwd(),
      parentPid: process.ppid,
      channel: flag("channel"),
      version: readProgramVersion(),
      clock: systemClock,
      note: (line) => out.note(line),
      signal,
    });
    return exitCodes.ok;
  },
};
