import { Readable } from "node:stream";
import { systemClock } from "../base/clock.ts";
import { processPrint } from "../base/process-print.ts";
import { readProgramVersion } from "../base/program-version.ts";
import { checkName } from "../protocol/address.ts";
import { callingProcess } from "./agent-hook/calling-process.ts";
import type { Command, CommandContext } from "./command.ts";
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
  related: ["agent install", "agent list"],
  async run(context) {
    const { positionals, option, flag, env, out, signal, client } = context;
    requireWords(command, positionals, 0, 0);
    // An empty variable names none, an empty option is a slip.
    const wanted = option("agent") ?? (env["CLAUDEMESH_AGENT"] || null);
    const agent = wanted === null ? null : checkName(wanted, "agent");
    const { stdin } = context;
    if (stdin.isTTY === true)
      out.note("this serves a coding agent, which starts it and speaks to it; Ctrl-C ends it (claudemesh help mcp)");
    const { serveMcp } = await import("../mcp/serve-mcp.ts");
    await serveMcp({
      input: stdin instanceof Readable ? stdin : Readable.from(stdin),
      // The protocol's own bytes, which no notice may stand between.
      output: process.stdout,
      connect: client,
      agent,
      cwd: process.cwd(),
      process: codingAgent(env),
      channel: flag("channel"),
      version: readProgramVersion(),
      clock: systemClock,
      note: (line) => out.note(line),
      signal,
    });
    return exitCodes.ok;
  },
};

/**
 * Which process started this server. By it a session that tells of itself through hooks is the same agent. Between the two may stand
 * a shell, and this package's launcher, which says whom it was called by.
 */
function codingAgent(env: CommandContext["env"]): string {
  const [launcher, caller] = (env["CLAUDEMESH_LAUNCHED"] ?? "").split(":").map(Number);
  // What an earlier launcher said is inherited by whatever was started beneath it.
  const parent = launcher === process.ppid && caller !== undefined && caller > 0 ? caller : process.ppid;
  return callingProcess(parent) ?? processPrint(parent) ?? "";
}
