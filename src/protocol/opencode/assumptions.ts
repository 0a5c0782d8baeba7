/**
 * Every shape of OpenCode that this program relies on, in one place, with where it is documented. Read in November 2026. It has no
 * hooks that could put a text into a context without a plugin in its own process, so there is its MCP entry alone.
 */
export const openCode = {
  kind: "opencode",
  /** In the user's home, below XDG_CONFIG_HOME where that is set. */
  configFolders: [".config", "opencode"],
  configVariable: "XDG_CONFIG_HOME",
  /** The first that is there; else the last is made. */
  configFiles: ["opencode.jsonc", "opencode.json"],
  schema: "https://opencode.ai/config.json",
  mcpKey: "mcp",
  /** Where versions from 2 on keep their servers; they read the form of version 1 too, and a file has one of them. */
  serversKey: "servers",
} as const;

const config = "opencode.ai/docs/config";

export const openCodeSources: Readonly<Record<Exclude<keyof typeof openCode, "kind">, string>> = {
  configFolders: config,
  configVariable: config,
  configFiles: config,
  schema: config,
  mcpKey: "opencode.ai/docs/mcp-servers",
  serversKey: "opencode.ai/docs/migrate-v1",
};
