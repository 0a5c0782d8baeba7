/**
 * Every shape of Codex CLI that this program relies on, in one place, with where it is documented. The test double is made of the
 * same constants. Read in November 2026; `source` says where.
 */
export const codex = {
  /** Kind of its sessions in the registry of agents. */
  kind: "codex",

  // Files.
  homeVariable: "CODEX_HOME",
  homeFolder: ".codex",
  hooksFile: "hooks.json",
  configFile: "config.toml",
  /** Table of the MCP servers in config.toml. */
  mcpServersTable: "mcp_servers",

  // Hooks.
  hookEvents: ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"],
  startSources: ["startup", "resume", "clear", "compact"],
  /** Seconds. */
  hookTimeoutS: 5,
  /** What a hook adds beyond 2,500 tokens, counted as four bytes each, is put into a file and shown in part. */
  contextBytesMax: 10_000,
} as const;

export type CodexHookEvent = (typeof codex.hookEvents)[number];

const hooks = "developers.openai.com/codex/hooks";
const config = "developers.openai.com/codex/config-reference";

export const codexSources: Readonly<Record<Exclude<keyof typeof codex, "kind">, string>> = {
  homeVariable: config,
  homeFolder: config,
  hooksFile: hooks,
  configFile: config,
  mcpServersTable: "developers.openai.com/codex/mcp",
  hookEvents: hooks,
  startSources: hooks,
  hookTimeoutS: hooks,
  contextBytesMax: "github.com/openai/codex codex-rs/hooks/src/output_spill.rs (not documented)",
};
