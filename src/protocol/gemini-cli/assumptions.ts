/**
 * Every shape of Gemini CLI that this program relies on, in one place, with where it is documented. The test double is made of the
 * same constants. Read in November 2026; `source` says where.
 */
export const geminiCli = {
  /** Kind of its sessions in the registry of agents. */
  kind: "gemini-cli",

  // Files.
  folder: ".gemini",
  settingsFile: "settings.json",
  mcpServersKey: "mcpServers",

  // Hooks.
  hookEvents: ["SessionStart", "BeforeAgent", "AfterTool", "AfterAgent", "SessionEnd"],
  startSources: ["startup", "resume", "clear"],
  endReasonOfClear: "clear",
  /** Name by which `/hooks` shows ours. */
  hookName: "claudemesh",
  /** Milliseconds. */
  hookTimeoutMs: 5_000,
  /** Ours: no bound of its own is documented. */
  contextCharsMax: 10_000,
} as const;

export type GeminiHookEvent = (typeof geminiCli.hookEvents)[number];

const hooks = "geminicli.com/docs/hooks/reference";
const settings = "geminicli.com/docs/reference/configuration";

export const geminiSources: Readonly<Record<Exclude<keyof typeof geminiCli, "kind" | "hookName">, string>> = {
  folder: settings,
  settingsFile: settings,
  mcpServersKey: "geminicli.com/docs/tools/mcp-server",
  hookEvents: hooks,
  startSources: hooks,
  endReasonOfClear: hooks,
  hookTimeoutMs: hooks,
  contextCharsMax: "ours",
};
