import { type AgentInstallAnswer, type AgentInstallRequest, agentKinds } from "./agent-installer.ts";
import { choice } from "./choice.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { requireWords } from "./parse-arguments.ts";

export const command: Command = {
  name: "agent install",
  summary: "Write claudemesh into the settings of a coding agent: its hooks and its MCP server",
  usage: "agent install <claude-code|codex|gemini-cli|opencode> [--scope user|project] [--dry-run]",
  options: {
    scope: {
      type: "string",
      value: "user|project",
      help: "the settings of the user (by default), or of the project in this folder",
      complete: ["user", "project"],
    },
    channel: { type: "boolean", help: "Claude Code: the MCP server also announces messages by a channel" },
    rewake: {
      type: "boolean",
      help: "Claude Code: a hook waits in the background and wakes an idle session that has no inbox socket",
    },
    "dry-run": { type: "boolean", help: "show what would be written; nothing is done" },
  },
  words: [agentKinds],
  exits: ["conflict"],
  related: ["agent uninstall", "doctor"],
  examples: ["agent install claude-code", "agent install claude-code --scope project --dry-run"],
  async run(context) {
    const answer = await (await context.launcher()).installAgent(installRequest(command, context));
    showInstall(context, answer, "is so already");
    return exitCodes.ok;
  },
};

export function installRequest(of: Command, context: CommandContext): AgentInstallRequest {
  requireWords(of, context.positionals, 1, 1);
  return {
    home: context.home,
    mesh: context.mesh,
    kind: context.positionals[0] ?? "",
    scope: choice(of, "--scope", context.option("scope"), ["user", "project"]) ?? "user",
    project: process.cwd(),
    dryRun: context.flag("dry-run"),
    channel: context.flag("channel"),
    rewake: context.flag("rewake"),
  };
}

/** `unchanged` says of a file why nothing becomes of it. */
export function showInstall({ out, flag }: CommandContext, answer: AgentInstallAnswer, unchanged: string): void {
  if (flag("json")) out.json(answer);
  else print(out, answer, unchanged);
}

function print(out: Output, { files, next, dry_run: dryRun }: AgentInstallAnswer, unchanged: string): void {
  for (const { path, change, holds, lines } of files) {
    const done = change === "unchanged" ? unchanged : dryRun ? `would be ${change}` : change;
    out.line(`${path}: ${done} (${holds})`);
    if (dryRun) for (const line of lines) out.line(`  ${line}`);
  }
  const changed = files.some(({ change }) => change !== "unchanged");
  if (changed && !dryRun) for (const sentence of next) out.note(`next: ${sentence}`);
}
