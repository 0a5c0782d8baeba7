import { join } from "node:path";
import { configFolder } from "../../cli/agent-hook/session-place.ts";
import { claudeCode, type HookEvent } from "../../protocol/claude-code/assumptions.ts";
import type { AgentWriter, SettingsFile, WriterRequest } from "./agent-writer.ts";
import { hookCommand, ownHook } from "./hook-command.ts";
import { hookSettings, type HookGroup } from "./hook-settings.ts";
import { mcpServers } from "./mcp-servers.ts";

/** Seconds after which Claude Code gives up on one of our hooks; they answer in a fraction of one. */
const hookTimeoutS = 5;
/** How long a hook waits in the background to wake its session. The end of the next turn starts another. */
const rewakeTimeoutS = 3_600;
const ownCommand = ownHook(claudeCode.kind);

export const claudeCodeWriter: AgentWriter = {
  kind: claudeCode.kind,
  title: "Claude Code",
  options: ["channel", "rewake"],
  files: (request) => [settings(request), servers(request)],
  next: ({ channel }) => [
    "start Claude Code anew: sessions that run already have read their hooks",
    ...(channel
      ? [
          `to have messages come by the channel: claude ${claudeCode.channelOption} server:claudemesh (an experiment of Claude Code)`,
        ]
      : []),
  ],
};

function settings(request: WriterRequest): SettingsFile {
  const path =
    request.scope === "user"
      ? join(configFolder({ HOME: request.homeFolder, ...request.env }), claudeCode.settingsFile)
      : join(request.project, claudeCode.configFolder, claudeCode.settingsFile);
  const wanted = hooks(request);
  return {
    path,
    mode: 0o644,
    empty: "{}\n",
    holds: `hooks ${Object.keys(wanted).join(", ")}`,
    ...hookSettings(path, wanted, ownCommand),
  };
}

function hooks(request: WriterRequest): Readonly<Record<string, HookGroup>> {
  const call = hookCommand(request, claudeCode.kind);
  const group = (event: HookEvent): HookGroup => ({
    // Without one it is called for everything.
    ...(event === "PostToolUse" ? { matcher: "*" } : {}),
    hooks: [
      { type: "command", command: call, timeout: hookTimeoutS },
      ...(event === "Stop" && request.rewake
        ? [
            {
              type: "command",
              command: hookCommand(request, claudeCode.kind, ["--rewake"]),
              asyncRewake: true,
              timeout: rewakeTimeoutS,
            },
          ]
        : []),
    ],
  });
  return Object.fromEntries(claudeCode.hookEvents.map((event) => [event, group(event)]));
}

function servers(request: WriterRequest): SettingsFile {
  const { scope, env, homeFolder, project, program, options, variables, channel } = request;
  const given = env[claudeCode.configVariable] ?? "";
  const path =
    scope === "user"
      ? join(given === "" ? homeFolder : given, claudeCode.userMcpFile)
      : join(project, claudeCode.projectMcpFile);
  const [node = "", ...words] = program;
  return {
    path,
    // The user's own holds more than servers.
    mode: scope === "user" ? 0o600 : 0o644,
    empty: "{}\n",
    holds: "the MCP server claudemesh",
    ...mcpServers(path, claudeCode.mcpServersKey, {
      type: "stdio",
      command: node,
      args: [...words, "mcp", ...(channel ? ["--channel"] : []), ...options],
      env: variables,
    }),
  };
}
