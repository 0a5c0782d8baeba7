import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { codex } from "../../src/protocol/codex/assumptions.ts";
import { geminiCli } from "../../src/protocol/gemini-cli/assumptions.ts";
import { run } from "./run.ts";

/**
 * Behaves towards its hooks as a coding agent does: calls what its settings file says, with what is documented on their standard
 * input, and takes from their output what is documented, and nothing else. What came before its model is `context`.
 */
export interface HookAgent {
  readonly context: readonly string[];
  /** A session begins, under an id of its own. */
  begin(source: "startup" | "clear"): Promise<void>;
  resume(sessionId: string): Promise<void>;
  say(prompt: string): Promise<void>;
  useTool(): Promise<void>;
  /** Whether a hook had it go on; then that turn ends too. */
  endTurn(): Promise<boolean>;
  exit(): Promise<void>;
  sessionId(): string;
}

/** What tells one kind from another. */
interface Kind {
  readonly settings: string;
  readonly events: Readonly<Record<"begin" | "say" | "tool" | "end" | "exit", string | null>>;
  /** Beside session_id, cwd and hook_event_name. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The word by which the end of a turn is refused. */
  readonly refusal: string;
  /** Members that an answer may have; null: what is not known is passed over. */
  readonly known: readonly string[] | null;
}

const kinds: Readonly<Record<"codex" | "gemini-cli", (settings: string) => Kind>> = {
  codex: (settings) => ({
    settings,
    events: { begin: "SessionStart", say: "UserPromptSubmit", tool: "PostToolUse", end: "Stop", exit: null },
    fields: { turn_id: "t", transcript_path: null, model: "m", permission_mode: "default" },
    refusal: "block",
    known: ["continue", "stopReason", "suppressOutput", "systemMessage", "decision", "reason", "hookSpecificOutput"],
  }),
  "gemini-cli": (settings) => ({
    settings,
    events: { begin: "SessionStart", say: "BeforeAgent", tool: "AfterTool", end: "AfterAgent", exit: "SessionEnd" },
    fields: { transcript_path: "/t.json", timestamp: "2026-11-26T15:00:00.000Z" },
    refusal: "deny",
    known: null,
  }),
};

interface Answer {
  readonly decision?: string;
  readonly reason?: string;
  readonly hookSpecificOutput?: { readonly hookEventName: string; readonly additionalContext?: string };
}

export function hookAgent(name: keyof typeof kinds, settings: string, cwd: string): HookAgent {
  const kind = kinds[name](settings);
  const context: string[] = [];
  let sessionId = "";
  async function call(event: string | null, fields: Readonly<Record<string, unknown>>): Promise<boolean> {
    if (event === null) return false;
    const { hooks } = JSON.parse(readFileSync(kind.settings, "utf8")) as {
      readonly hooks: Readonly<Record<string, readonly { readonly hooks: readonly { readonly command: string }[] }[]>>;
    };
    let goesOn = false;
    for (const { command } of (hooks[event] ?? []).flatMap((group) => group.hooks)) {
      const input = JSON.stringify({ session_id: sessionId, cwd, hook_event_name: event, ...kind.fields, ...fields });
      // A shell is between, as it is there.
      const ran = await run("/bin/sh", ["-c", `${command}; exit $?`], { cwd, input, env: environment() });
      assert.deepEqual([ran.code, ran.stderr], [0, ""]);
      if (ran.stdout.trim() !== "" && takes(event, JSON.parse(ran.stdout) as Answer)) goesOn = true;
    }
    return goesOn;
  }
  /** Whether the turn goes on because of it. */
  function takes(event: string, answer: Answer): boolean {
    if (kind.known !== null) for (const member of Object.keys(answer)) assert.ok(kind.known.includes(member), member);
    if (event === kind.events.end) {
      assert.deepEqual([answer.decision, answer.hookSpecificOutput], [kind.refusal, undefined]);
      context.push(answer.reason ?? "");
      return true;
    }
    assert.equal(answer.hookSpecificOutput?.hookEventName, event);
    context.push(answer.hookSpecificOutput?.additionalContext ?? "");
    return false;
  }
  const begin = async (source: string, id: string): Promise<void> => {
    sessionId = id;
    await call(kind.events.begin, { source });
  };
  return {
    context,
    begin: (source) => begin(source, randomUUID()),
    resume: (id) => begin("resume", id),
    say: async (prompt) => void (await call(kind.events.say, { prompt })),
    useTool: async () =>
      void (await call(kind.events.tool, { tool_name: "shell", tool_input: { command: "ls" }, tool_response: "a" })),
    async endTurn() {
      const goesOn = await call(kind.events.end, { stop_hook_active: false });
      if (goesOn) await call(kind.events.end, { stop_hook_active: true });
      return goesOn;
    },
    exit: async () => void (await call(kind.events.exit, { reason: "exit" })),
    sessionId: () => sessionId,
  };
}

/** Slow machines are slow for tests, too; a session's user would not wait so long. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, CLAUDEMESH_AGENT: _agent, ...inherited } = process.env;
  return { ...inherited, CLAUDEMESH_HOOK_TIMEOUT_MS: "60000" };
}

/** Where each kind's user settings with hooks stand. */
export const hookFiles: Readonly<Record<keyof typeof kinds, readonly [string, string]>> = {
  codex: [codex.homeFolder, codex.hooksFile],
  "gemini-cli": [geminiCli.folder, geminiCli.settingsFile],
};
