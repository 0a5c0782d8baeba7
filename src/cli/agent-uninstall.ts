import { agentKinds } from "./agent-installer.ts";
import { installRequest, showInstall } from "./agent-install.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";

export const command: Command = {
  name: "agent uninstall",
  summary: "Take claudemesh out of the settings of a coding agent; everything else in them stays",
  usage: "agent uninstall <claude-code|codex|gemini-cli|opencode> [--scope user|project] [--dry-run]",
  options: {
    scope: {
      type: "string",
      value: "user|project",
      help: "the settings of the user (by default), or of the project in this folder",
      complete: ["user", "project"],
    },
    "dry-run": { type: "boolean", help: "show what would be taken out; nothing is done" },
  },
  words: [agentKinds],
  related: ["agent install"],
  examples: ["agent uninstall claude-code", "agent uninstall claude-code --scope project"],
  async run(context) {
    const answer = await (await context.launcher()).uninstallAgent(installRequest(command, context));
    showInstall(context, answer, "has none of ours");
    return exitCodes.ok;
  },
};
