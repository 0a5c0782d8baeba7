import type { AgentWriter } from "./agent-writer.ts";
import { claudeCodeWriter } from "./claude-code.ts";

/** Every coding agent whose settings are written here. */
export const agentWriters: readonly AgentWriter[] = [claudeCodeWriter];
