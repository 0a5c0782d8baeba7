import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { codex } from "../../protocol/codex/assumptions.ts";
import { editTomlTable, type TableValue, tomlTable } from "../../protocol/edit-toml-table.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { AgentWriter, SettingsFile, WriterRequest } from "./agent-writer.ts";
import { hookCommand, ownHook } from "./hook-command.ts";
import { type HookGroup, hookSettings } from "./hook-settings.ts";
import { serverName } from "./mcp-servers.ts";

export const codexWriter: AgentWriter = {
  kind: codex.kind,
  title: "Codex CLI",
  options: [],
  files: (request) => [hooks(request), servers(request)],
  next: ({ scope }) => [
    "start Codex anew, then open /hooks in it and trust the hooks of claudemesh: until then it runs none of them",
    ...(scope === "project" ? ["Codex reads a project's settings only where you have trusted the project"] : []),
  ],
};

function folder({ scope, env, homeFolder, project }: WriterRequest): string {
  const given = env[codex.homeVariable] ?? "";
  if (scope === "project") return join(project, codex.homeFolder);
  return given === "" ? join(homeFolder, codex.homeFolder) : given;
}

function hooks(request: WriterRequest): SettingsFile {
  const path = join(folder(request), codex.hooksFile);
  const group: HookGroup = {
    hooks: [{ type: "command", command: hookCommand(request, codex.kind), timeout: codex.hookTimeoutS }],
  };
  const wanted = Object.fromEntries(codex.hookEvents.map((event) => [event, group]));
  return {
    path,
    mode: 0o644,
    empty: "{}\n",
    holds: `hooks ${codex.hookEvents.join(", ")}`,
    ...hookSettings(path, wanted, ownHook(codex.kind)),
  };
}

function servers(request: WriterRequest): SettingsFile {
  const path = join(folder(request), codex.configFile);
  const table = { parent: codex.mcpServersTable, name: serverName };
  const [command = "", ...words] = request.program;
  const wanted: TableValue = {
    command,
    args: [...words, "mcp", ...request.options],
    ...(Object.keys(request.variables).length === 0 ? {} : { env: request.variables }),
  };
  return {
    path,
    // It may hold keys of other servers.
    mode: 0o600,
    empty: "",
    holds: `the MCP server ${serverName}`,
    install(text) {
      const there = tomlTable(text, path, table);
      if (isDeepStrictEqual(there, { ...wanted })) return [];
      if (there !== null && !isOurs(there))
        throw new ClaudemeshError("already_exists", `${path} has another MCP server named ${serverName}`, {
          hint: `nothing was changed; give that one another name in ${path}`,
          details: { path },
        });
      return editTomlTable(text, path, table, wanted);
    },
    uninstall(text) {
      const there = tomlTable(text, path, table);
      return there !== null && isOurs(there) ? editTomlTable(text, path, table, null) : [];
    },
  };
}

/** Started by a command of ours, wherever it was installed then. */
function isOurs(server: unknown): boolean {
  const { command, args } = server as { readonly command?: unknown; readonly args?: unknown };
  const words: unknown[] = [command, ...(Array.isArray(args) ? args : [])];
  return (
    words.slice(1).includes("mcp") && words.some((word) => typeof word === "string" && word.includes("claudemesh"))
  );
}
