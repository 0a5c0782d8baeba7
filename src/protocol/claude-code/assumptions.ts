/**
 * Every shape of Claude Code that this program relies on, in one place. `documented` ones stand in Anthropic's pages for Claude
 * Code; the others were observed in versions 2.1.224 to 2.1.280 and may change with any of them, so whatever uses
 * them must go on without them: the hooks work when nothing else does. The test double is made of the same constants.
 */
export const claudeCode = {
  /** Kind of its sessions in the registry of agents. */
  kind: "claude-code",

  // A. A session's inbox socket.
  socketVariable: "CLAUDE_CODE_MESSAGING_SOCKET",
  tokenVariable: "CLAUDE_CODE_MESSAGING_TOKEN",
  /** The first version whose sessions have one. */
  socketVersion: "2.1.224",
  socketCharsMax: 1_048_576,
  socketQueuedMax: 50,
  messageVersion: 1,
  /** Before every `uds` path that stands as an address. */
  socketAddressPrefix: "uds:",
  envelopeTag: "cross-session-message",
  /** In this order. We write `from` and `from-name` alone: the others claim what only a session may say of itself. */
  envelopeAttributes: ["from", "from-session", "hop-chain", "from-name", "from-mode"],
  /** Name by which messages of a mesh show where they come from. */
  fromName: "mesh",
  /** Words of a line's `priority` and what they do: interrupt, or wait for the end of the turn. */
  priorities: { now: "now", next: "next", low: "next" },
  statusAction: "peer_message_status",
  /** `delivered` is told of what had been held; what is taken at once is told by nothing. */
  statuses: {
    held: "held",
    denied: "denied",
    refused: "denied",
    expired: "expired",
    dropped: "expired",
    delivered: "delivered",
  },

  // The registry of sessions.
  configVariable: "CLAUDE_CONFIG_DIR",
  configFolder: ".claude",
  sessionsFolder: "sessions",
  /** Name of a session's file: its process. */
  sessionFile: /^([1-9][0-9]{0,9})\.json$/,
  sessionFields: {
    process: "pid",
    processStart: "procStart",
    session: "sessionId",
    socket: "messagingSocketPath",
    name: "name",
    status: "status",
    version: "version",
    folder: "cwd",
  },
  /** Process of the session that a hook runs for. */
  processVariable: "CLAUDE_PID",
  sessionVariable: "CLAUDE_CODE_SESSION_ID",

  // B. Hooks.
  settingsFile: "settings.json",
  hookEvents: ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "SessionEnd"],
  startSources: ["startup", "resume", "clear", "compact"],
  endReasonOfClear: "clear",
  /** What a hook adds beyond is put into a file instead of the context. */
  contextCharsMax: 10_000,
  /** Blocks of Stop in a row after which they are overridden. */
  stopBlocksMax: 8,
  /** With this exit code an `asyncRewake` hook wakes the session by what stands on its standard error. */
  rewakeExitCode: 2,
  promptHookTimeoutS: 30,

  // The MCP entry.
  userMcpFile: ".claude.json",
  projectMcpFile: ".mcp.json",
  mcpServersKey: "mcpServers",
  channelOption: "--dangerously-load-development-channels",
  /** The user's word on messages of other sessions. */
  inboundSetting: "crossSessionInbound",
  inboundWords: ["accept", "hold", "refuse"],
} as const;

export type HookEvent = (typeof claudeCode.hookEvents)[number];
export type MessageStatus = (typeof claudeCode.statuses)[keyof typeof claudeCode.statuses];

export interface Source {
  readonly documented: boolean;
  /** Where it is written, or how it was seen. */
  readonly from: string;
}

const hooks = "code.claude.com/docs/en/hooks";
const settings = "code.claude.com/docs/en/settings";
const sockets = "code.claude.com/docs/en/cross-session-messages";
const documented = (from: string): Source => ({ documented: true, from });
const observed = (from: string): Source => ({ documented: false, from });

/** Where each of them comes from. `kind` and `fromName` are words of our own. */
export const sources: Readonly<Record<Exclude<keyof typeof claudeCode, "kind" | "fromName">, Source>> = {
  socketVariable: documented(sockets),
  tokenVariable: documented(sockets),
  socketVersion: documented(sockets),
  socketCharsMax: documented(sockets),
  socketQueuedMax: documented(sockets),
  messageVersion: observed("lines that sessions write to each other"),
  socketAddressPrefix: observed("`from` of such lines"),
  envelopeTag: observed("what a session shows of a message of another one"),
  envelopeAttributes: observed("what a session shows of a message of another one"),
  priorities: observed("`priority` of such lines"),
  statusAction: observed("lines that a session writes to the sender's socket"),
  statuses: observed("lines that a session writes to the sender's socket"),
  configVariable: documented(settings),
  configFolder: documented(settings),
  sessionsFolder: observed("files of running sessions"),
  sessionFile: observed("files of running sessions"),
  sessionFields: observed("files of running sessions"),
  processVariable: observed("environment of hooks"),
  sessionVariable: observed("environment of hooks and MCP servers"),
  settingsFile: documented(settings),
  hookEvents: documented(hooks),
  startSources: documented(hooks),
  endReasonOfClear: documented(hooks),
  contextCharsMax: documented(hooks),
  stopBlocksMax: documented(hooks),
  rewakeExitCode: documented(hooks),
  promptHookTimeoutS: documented(hooks),
  userMcpFile: documented("code.claude.com/docs/en/mcp"),
  projectMcpFile: documented("code.claude.com/docs/en/mcp"),
  mcpServersKey: documented("code.claude.com/docs/en/mcp"),
  channelOption: documented("code.claude.com/docs/en/channels"),
  inboundSetting: documented(settings),
  inboundWords: documented(settings),
};
