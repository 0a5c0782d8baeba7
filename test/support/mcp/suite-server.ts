import type { Readable, Writable } from "node:stream";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { systemClock } from "../../../src/base/clock.ts";
import { connect } from "../../../src/client/connect.ts";
import { answersKept } from "../../../src/mcp/answers-kept.ts";
import { daemonAccess } from "../../../src/mcp/daemon-access.ts";
import { flushedOutput } from "../../../src/mcp/flushed-output.ts";
import { createMcpServer } from "../../../src/mcp/mcp-server.ts";
import { watchSendings } from "../../../src/mcp/sendings.ts";
import { createSession } from "../../../src/mcp/session.ts";
import { addSuiteFeatures } from "./suite-features.ts";

/** The product's server over the product's streams, with what the conformance suite asks for on top. */
export function serveSuite(input: Readable, output: Writable): void {
  const daemon = daemonAccess(() => connect({ socketPath: "/nonexistent" }));
  const facts = { kind: "mcp", sessionId: "suite", cwd: process.cwd(), process: "", agent: null };
  const session = createSession(facts, daemon, systemClock);
  const { transport, sendings } = watchSendings(new StdioServerTransport(input, flushedOutput(output)), systemClock);
  const calls = { nonce: "suite", daemon, session, sendings, answers: answersKept(), clock: systemClock };
  const create = () => {
    const server = createMcpServer(calls, { version: "0", instructions: "", channel: false });
    addSuiteFeatures(server);
    return server;
  };
  serveStdio(create, { transport });
}
