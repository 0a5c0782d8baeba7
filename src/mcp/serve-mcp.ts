import type { Readable, Writable } from "node:stream";
import type { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Clock } from "../base/clock.ts";
import { processPrint } from "../base/process-print.ts";
import type { Client } from "../client/client.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { newUuidV7 } from "../protocol/ids.ts";
import { answersKept } from "./answers-kept.ts";
import { type Channel, startChannel } from "./channel.ts";
import { type DaemonAccess, daemonAccess } from "./daemon-access.ts";
import { flushedOutput } from "./flushed-output.ts";
import { instructionsFor } from "./instructions.ts";
import { mcpLimits } from "./mcp-limits.ts";
import { createMcpServer } from "./mcp-server.ts";
import { watchSendings } from "./sendings.ts";
import { createSession, type Session } from "./session.ts";
import type { Calls } from "./tool.ts";

export interface McpRequest {
  readonly input: Readable;
  readonly output: Writable;
  /** Finds the daemon that is meant. Throws not_running or usage; dials nothing. */
  readonly connect: () => Client;
  /** The name that the user asked for; null: as the daemon finds it. */
  readonly agent: string | null;
  /** Folder that the coding agent works in. */
  readonly cwd: string;
  /** Process of the coding agent. */
  readonly parentPid: number;
  readonly channel: boolean;
  readonly version: string;
  readonly clock: Clock;
  /** A line for whoever looks for what is wrong; never on the output, which is the protocol's. */
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Serves one coding agent over its standard streams until these end or the signal. The daemon need not run: the server
 * starts anyway and says so, and each call looks for it again.
 */
export async function serveMcp(request: McpRequest): Promise<void> {
  const { clock, signal } = request;
  const daemon = daemonAccess(request.connect);
  const nonce = newUuidV7(clock.now());
  const session = createSession(
    {
      kind: "mcp",
      sessionId: nonce,
      cwd: request.cwd,
      process: processPrint(request.parentPid) ?? "",
      agent: request.agent,
    },
    daemon,
    clock,
  );
  const greeting = greet(session, daemon, request);
  const stdio = new StdioServerTransport(request.input, flushedOutput(request.output), {
    maxBufferSize: mcpLimits.lineBytesMax,
  });
  const { transport, sendings, closed, settled } = watchSendings(stdio, clock);
  const calls: Calls = { nonce, daemon, session, sendings, answers: answersKept(), clock };
  const create = async (): Promise<McpServer> =>
    createMcpServer(calls, {
      version: request.version,
      instructions: await greeting,
      channel: request.channel,
    });
  const onerror = (error: Error): void => request.note(`error: ${error.message}`);
  let channel: Channel | null = null;
  if (request.channel) {
    // By hand, and so by the protocol of 2025 alone: a server of a later one is not taken for a channel.
    const server = await create();
    server.server.onerror = onerror;
    channel = startChannel(server, calls, request.note);
    await server.connect(transport);
  } else serveStdio(create, { transport, onerror });
  const stop = (): void => void transport.close();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  await closed;
  signal.removeEventListener("abort", stop);
  await channel?.stop();
  // Before the session ends: with it, what was not confirmed waits again.
  await settled();
  await session.end();
  daemon.close();
}

/** The instructions; what the daemon has not said in time is not waited for. */
async function greet(session: Session, daemon: DaemonAccess, { clock, note }: McpRequest): Promise<string> {
  const begun = session.begin();
  const late = new Promise<"late">((resolve) => void clock.after(mcpLimits.greetingMs, () => resolve("late")));
  if ((await Promise.race([begun, late])) === "late") return instructionsFor(null, "it has not answered yet");
  const named = session.known();
  if (named !== null) return instructionsFor(named, null);
  const trouble = await troubleOf(daemon);
  note(`the daemon of claudemesh is away: ${trouble}; the tools look for it again at each call`);
  return instructionsFor(null, trouble);
}

async function troubleOf(daemon: DaemonAccess): Promise<string> {
  try {
    await daemon.ask((client, options) => client.health(options), { timeoutMs: mcpLimits.greetingMs });
    return "it is of an earlier version, which has no agents";
  } catch (thrown) {
    const { message, hint } = ClaudemeshError.from(thrown);
    return hint === undefined ? message : `${message}; what helps: ${hint}`;
  }
}
