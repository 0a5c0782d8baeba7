import type { AgentWriter } from "./agent-writer.ts";
import { claudeCodeWriter } from "./claude-code.ts";
import { codexWriter } from "./codex.ts";
import { geminiCliWriter } from "./gemini-cli.ts";
import { openCodeWriter } from "./opencode.ts";

/** Every coding agent whose settings are written here. */
export const agentWriters: readonly AgentWriter[] = [claudeCodeWriter, codexWriter, geminiCliWriter, openCodeWriter];
