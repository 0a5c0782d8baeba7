import { existsSync } from "node:fs";
import { join } from "node:path";
import { openCode } from "../../protocol/opencode/assumptions.ts";
import type { AgentWriter, SettingsFile, WriterRequest } from "./agent-writer.ts";
import { memberOf } from "./json-text.ts";
import { mcpServers, serverName } from "./mcp-servers.ts";
import { editText } from "./text-edit.ts";

export const openCodeWriter: AgentWriter = {
  kind: openCode.kind,
  title: "OpenCode",
  options: [],
  files: (request) => [servers(request)],
  next: () => [
    "start OpenCode anew; it has no hooks that bring a message by themselves, so have its rules (AGENTS.md) say: look into the claudemesh inbox",
  ],
};

function servers(request: WriterRequest): SettingsFile {
  const path = settingsPath(request);
  const { program, variables } = request;
  const entry = {
    type: "local",
    command: [...program, "mcp", ...request.options],
    ...(Object.keys(variables).length === 0 ? {} : { environment: variables }),
  };
  // Version 2 reads both forms, and the older one has to say that it is enabled.
  const older = mcpServers(path, openCode.mcpKey, { ...entry, enabled: true }, true);
  const newer = mcpServers(path, [openCode.mcpKey, openCode.serversKey], entry, true);
  const form = (text: string): typeof older => (hasServers(text, path) ? newer : older);
  return {
    path,
    mode: 0o644,
    empty: `${JSON.stringify({ $schema: openCode.schema }, null, 2)}\n`,
    holds: `the MCP server ${serverName}`,
    install: (text) => form(text).install(text),
    uninstall: (text) => form(text).uninstall(text),
  };
}

/** Whether the file keeps its servers as version 2 does, and that is not a server of this name. */
function hasServers(text: string, path: string): boolean {
  const held = memberOf(memberOf(editText(text, path, true).root(), openCode.mcpKey), openCode.serversKey);
  return held?.kind === "object" && memberOf(held, "command") === null && memberOf(held, "url") === null;
}

function settingsPath({ scope, env, homeFolder, project }: WriterRequest): string {
  const [config, own] = openCode.configFolders;
  const given = env[openCode.configVariable] ?? "";
  const folder = scope === "project" ? project : join(given === "" ? join(homeFolder, config) : given, own);
  const paths = openCode.configFiles.map((name) => join(folder, name));
  return paths.find((path) => existsSync(path)) ?? paths.at(-1) ?? folder;
}
