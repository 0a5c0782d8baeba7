import { operation, type Route } from "../../http/route.ts";
import { described, type Field, inPath, oneOf, optional, text } from "../../http/shape.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { Agents } from "../agents/agents.ts";
import type { Clock } from "../../base/clock.ts";
import type { Offers } from "../agents/offers.ts";
import { agentSessionLease, agentSessionNamed } from "./answers/agents.schema.ts";

const plain = /^[^\p{Cc}\p{Cs}]*$/u;
const said = "must not hold control characters";

/** A folder or a socket. */
export function sessionPath(): Field<string> {
  return text({ charsMax: limits.sessionPathCharsMax, form: { pattern: /^[^\p{Cc}\p{Cs}]+$/u, said } });
}

/** As programs are called: `claude-code`. The one word is the paths' own. */
export function sessionKind(): Field<string> {
  return text({
    charsMax: limits.sessionKindCharsMax,
    form: { pattern: /^(?!topics$)[a-z][a-z0-9-]*$/, said: "must be a program's name of a–z, 0–9 and `-`" },
  });
}

export const sessionParams = {
  kind: inPath(described(sessionKind(), "The program, such as `claude-code`"), noSuchSession),
  session_id: inPath(
    described(
      text({
        charsMax: limits.sessionIdCharsMax,
        form: { pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]*$/, said: "must be an id of letters, digits and `._:-`" },
      }),
      "Its own id of the run",
    ),
    noSuchSession,
  ),
};

export interface SessionParts {
  readonly agents: Agents;
  readonly offers: Offers;
  readonly clock: Clock;
}

/** Runs of coding agents and programs: who they are, and that they are there. */
export function agentSessionRoutes({ agents, offers, clock }: SessionParts): readonly Route[] {
  const lease = (description: string) => [{ status: 200, description, body: agentSessionLease }] as const;
  const errors = ["unknown_agent", "store_unavailable"] as const;
  return [
    operation({
      name: "agentSessionPut",
      method: "PUT",
      path: "/v1/agents/sessions/{kind}/{session_id}",
      summary: "Tell that a session is there, and learn which agent it is",
      params: sessionParams,
      body: {
        cwd: described(sessionPath(), "Folder that it is in"),
        source: described(
          optional(text({ charsMax: limits.sessionKindCharsMax, form: { pattern: plain, said } })),
          "Why it begins: startup, resume, clear, compact; absent where it only goes on; mcp for the MCP server beside a session; run for a program that is the agent it names, or nothing",
        ),
        process: described(
          optional(text({ charsMax: limits.sessionProcessCharsMax, form: { pattern: plain, said } })),
          "Process id of the coding agent and when it began, `pid:start`; absent where it only goes on: as told before",
        ),
        socket_path: described(
          optional(sessionPath()),
          "Where it takes messages; absent where it only goes on: as told before",
        ),
        socket_token: described(
          optional(text({ charsMax: limits.sessionTokenCharsMax, form: { pattern: plain, said } })),
          "For that socket; kept in memory alone",
        ),
        agent: described(optional(text()), "The name that its user wants"),
        status: described(optional(oneOf("busy", "idle")), "What it does now; absent: as before"),
        event_at: described(
          optional(
            text({ form: { pattern: /^\d{4}-\d\d-\d\dT[0-9:.]{8,20}Z$/, said: "must be an RFC 3339 time in UTC" } }),
          ),
          "When what it tells of began, such as a hook: what was put in before is in its context then; by default now",
        ),
      },
      answers: [{ status: 200, description: "Who it is", body: agentSessionNamed }],
      errors: ["invalid_destination", "too_many_agents", "agent_name_taken", ...errors],
      async handle({ params, body }) {
        const key = { kind: params.kind, sessionId: params.session_id };
        const now = clock.now();
        const named = await agents.report(key, {
          cwd: body.cwd,
          source: body.source ?? "",
          process: body.process ?? "",
          socketPath: body.socket_path ?? "",
          socketToken: body.socket_token ?? null,
          agent: body.agent ?? null,
          busy: body.status === undefined ? null : body.status === "busy",
        });
        // A time to come says no more than now.
        const at = body.event_at === undefined ? now : Math.min(now, Date.parse(body.event_at));
        await offers.heard(key, { at, status: body.status ?? null });
        return { status: 200, body: named };
      },
    }),
    operation({
      name: "agentSessionHeartbeat",
      method: "POST",
      path: "/v1/agents/sessions/{kind}/{session_id}/heartbeat",
      summary: "Tell that a session is still there",
      params: sessionParams,
      body: { status: described(optional(oneOf("busy", "idle")), "What it does now; as before where nothing is said") },
      bodyOptional: true,
      answers: lease("Until when it counts as there"),
      errors,
      async handle({ params, body: { status } }) {
        const key = { kind: params.kind, sessionId: params.session_id };
        const lease = await agents.heard(key, status === undefined ? undefined : status === "busy");
        return { status: 200, body: lease };
      },
    }),
    operation({
      name: "agentSessionEnd",
      method: "DELETE",
      path: "/v1/agents/sessions/{kind}/{session_id}",
      summary: "Tell that a session is over; its agent keeps its name and its mail",
      params: sessionParams,
      answers: lease("It has ended"),
      errors,
      handle: async ({ params }) => ({
        status: 200,
        body: await agents.ended({ kind: params.kind, sessionId: params.session_id }),
      }),
    }),
  ];
}

function noSuchSession(): ClaudemeshError {
  return new ClaudemeshError("unknown_agent", "no session of an agent has such an id", {
    hint: "a program's name of a–z, 0–9 and `-`, and an id of letters, digits and `._:-`",
  });
}
