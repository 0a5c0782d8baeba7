import type { Client } from "../client/client.ts";
import { claudeCode } from "../protocol/claude-code/assumptions.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { findSessionFile } from "./agent-hook/session-place.ts";
import type { CommandContext } from "./command.ts";

/** The agent that sends, where --from-agent does not say. */
export const agentVariable = "CLAUDEMESH_AGENT";

/** Which agent a message is from: the one that is asked for, else the Claude Code session that the command is typed in. null: none. */
export async function sendingAgent(
  { option, env, signal }: Pick<CommandContext, "option" | "env" | "signal">,
  client: Pick<Client, "agents">,
): Promise<string | null> {
  const asked = option("from-agent") ?? env[agentVariable] ?? "";
  if (asked !== "") return asked;
  const sessions = sessionsHere(env);
  if (sessions.length === 0) return null;
  const known = await liveSessions(client, signal);
  const found = sessions.map((session) => known.get(session)).find((agent) => agent !== undefined);
  return found ?? null;
}

/** Ids that the session around this command may have: after `/clear` its environment may still name the one of before. */
function sessionsHere(env: CommandContext["env"]): readonly string[] {
  const said = env[claudeCode.sessionVariable] ?? "";
  const socket = env[claudeCode.socketVariable] ?? "";
  const file = socket === "" ? null : findSessionFile(env, ({ socketPath }) => socketPath === socket);
  return [...(said === "" ? [] : [said]), ...(file === null ? [] : [file.sessionId])];
}

/** The agents of the Claude Code sessions that are there, by their ids. */
async function liveSessions(client: Pick<Client, "agents">, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  try {
    const { items } = await client.agents.list({ signal });
    return new Map(
      items.flatMap(({ name, sessions }) =>
        sessions.filter(({ kind }) => kind === claudeCode.kind).map(({ session_id }) => [session_id, name] as const),
      ),
    );
  } catch (thrown) {
    // A daemon of an earlier version has no agents, and takes none as a sender.
    if (ClaudemeshError.from(thrown).code === "not_found") return new Map();
    throw thrown;
  }
}
