import type {
  AgentForgotten,
  AgentList,
  AgentSessionLease,
  AgentSessionNamed,
  AgentView,
} from "../protocol/agents-api.ts";
import { type CallRequest, call, segment } from "./call.ts";
import type { CallOptions } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";

/** Agents behind this member: named sessions and programs, each an address `@member/agent`. */
export interface AgentsClient {
  /** All of them, with who is the default and what waits for nobody. */
  list(options?: CallOptions): Promise<AgentList>;
  /** Makes an agent, binds a folder to it, or says that the session with a socket is it. */
  put(name: string, to?: AgentBinding, options?: CallOptions): Promise<AgentView>;
  /** Its mail stays in the inbox. */
  forget(name: string, options?: CallOptions): Promise<AgentForgotten>;
  /** What is sent to the old name goes on arriving. */
  rename(name: string, to: string, options?: CallOptions): Promise<AgentView>;
  addTopic(name: string, topic: string, options?: CallOptions): Promise<AgentView>;
  dropTopic(name: string, topic: string, options?: CallOptions): Promise<AgentView>;
  /** A session is there; answers which agent it is. */
  reportSession(
    kind: string,
    sessionId: string,
    report: SessionRequest,
    options?: CallOptions,
  ): Promise<AgentSessionNamed>;
  /** It is still there. Throws unknown_agent where it has to be reported again. */
  heartbeat(
    kind: string,
    sessionId: string,
    now?: { readonly status?: "busy" | "idle" },
    options?: CallOptions,
  ): Promise<AgentSessionLease>;
  endSession(kind: string, sessionId: string, options?: CallOptions): Promise<AgentSessionLease>;
}

export interface AgentBinding {
  readonly project?: string;
  readonly kind?: string;
  readonly socket_path?: string;
}

export interface SessionRequest {
  /** Folder that it began in. */
  readonly cwd: string;
  /** startup, resume, clear, compact; mcp for the MCP server beside a session. */
  readonly source?: string;
  /** `pid:start` of the coding agent. */
  readonly process?: string;
  readonly socket_path?: string;
  readonly socket_token?: string;
  /** The name that its user wants. */
  readonly agent?: string;
  readonly status?: "busy" | "idle";
  /** When what tells of it began, such as a hook; RFC 3339, UTC. */
  readonly event_at?: string;
}

export function agentsClient(http: HttpClient): AgentsClient {
  // Said twice, each is the same as said once.
  const send = <T>(method: CallRequest["method"], path: string, body: unknown, options?: CallOptions): Promise<T> =>
    call<T>(http, { method, path, repeatable: true, ...(body === undefined ? {} : { body }) }, options);
  const agent = (name: string, part = ""): string => `/v1/agents/${segment(name)}${part}`;
  const topic = (name: string, written: string): string => agent(name, `/topics/${segment(written.replace(/^#/, ""))}`);
  const session = (kind: string, id: string, part = ""): string =>
    `/v1/agents/sessions/${segment(kind)}/${segment(id)}${part}`;
  return {
    list: (options) => send("GET", "/v1/agents", undefined, options),
    put: (name, to, options) => send("PUT", agent(name), to ?? {}, options),
    forget: (name, options) => send("DELETE", agent(name), undefined, options),
    rename: (name, to, options) => send("POST", agent(name, "/rename"), { to }, options),
    addTopic: (name, written, options) => send("POST", topic(name, written), {}, options),
    dropTopic: (name, written, options) => send("DELETE", topic(name, written), undefined, options),
    reportSession: (kind, id, report, options) => send("PUT", session(kind, id), report, options),
    heartbeat: (kind, id, now, options) => send("POST", session(kind, id, "/heartbeat"), now ?? {}, options),
    endSession: (kind, id, options) => send("DELETE", session(kind, id), undefined, options),
  };
}
