import { join } from "node:path";
import { geminiCli } from "../../protocol/gemini-cli/assumptions.ts";
import type { AgentWriter, SettingsFile, WriterRequest } from "./agent-writer.ts";
import { hookCommand, ownHook } from "./hook-command.ts";
import { type HookGroup, hookSettings } from "./hook-settings.ts";
import { spliced } from "../../protocol/splice.ts";
import { mcpServers, serverName } from "./mcp-servers.ts";

export const geminiCliWriter: AgentWriter = {
  kind: geminiCli.kind,
  title: "Gemini CLI",
  options: [],
  files: (request) => [settings(request)],
  next: ({ scope }) => [
    "start Gemini CLI anew; /hooks in it shows whether the hooks of claudemesh are on, /mcp its tools",
    ...(scope === "project" ? ["Gemini CLI asks once whether it may run the hooks of a project"] : []),
  ],
};

/** Hooks and server stand in one file: the one change is made upon the other. */
function settings(request: WriterRequest): SettingsFile {
  const { scope, homeFolder, project, program, variables } = request;
  const path = join(scope === "user" ? homeFolder : project, geminiCli.folder, geminiCli.settingsFile);
  const hooks = hookSettings(path, groups(request), ownHook(geminiCli.kind), true);
  const [command = "", ...words] = program;
  const server = mcpServers(
    path,
    geminiCli.mcpServersKey,
    {
      command,
      args: [...words, "mcp", ...request.options],
      ...(Object.keys(variables).length === 0 ? {} : { env: variables }),
    },
    true,
  );
  return {
    path,
    mode: scope === "user" ? 0o600 : 0o644,
    empty: "{}\n",
    holds: `hooks ${geminiCli.hookEvents.join(", ")} and the MCP server ${serverName}`,
    install: (text) => both(text, hooks.install, server.install),
    uninstall: (text) => both(text, hooks.uninstall, server.uninstall),
  };
}

type Edit = SettingsFile["install"];

function both(text: string, first: Edit, second: Edit): ReturnType<Edit> {
  const changes = first(text);
  return [...changes, ...second(changes.reduce(spliced, text))];
}

function groups(request: WriterRequest): Readonly<Record<string, HookGroup>> {
  const group: HookGroup = {
    hooks: [
      {
        name: geminiCli.hookName,
        type: "command",
        command: hookCommand(request, geminiCli.kind),
        timeout: geminiCli.hookTimeoutMs,
      },
    ],
  };
  return Object.fromEntries(geminiCli.hookEvents.map((event) => [event, group]));
}
