import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { TestContext } from "node:test";
import { Client } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { systemClock } from "../../../src/base/clock.ts";
import { connect } from "../../../src/client/connect.ts";
import { serveMcp } from "../../../src/mcp/serve-mcp.ts";
import { onEnd } from "../on-end.ts";
import { tempFolder } from "../temp-folder.ts";

export interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
  /** By the tool's output schema; {} of an error. */
  readonly structured: Readonly<Record<string, unknown>>;
  /** Of an error. */
  readonly error: {
    readonly code: string;
    readonly hint: string | null;
    readonly idempotency_key: string | null;
  } | null;
}

export interface McpClient {
  readonly client: Client;
  call(name: string, given?: Readonly<Record<string, unknown>>): Promise<ToolResult>;
  /** What the server wrote for whoever looks for what is wrong. */
  readonly notes: readonly string[];
  /** Notifications of the channel, as they came. */
  readonly pushed: readonly unknown[];
  /** Resolves with the next one after those that came. */
  nextPush(): Promise<unknown>;
  /** Ends the client's side; resolves when the server has ended. */
  end(): Promise<void>;
}

/** The official client of a server in this process, over two streams. Ended with the test. */
export async function mcpClient(
  t: TestContext,
  target: { readonly socketPath: string },
  options: {
    readonly agent?: string;
    readonly cwd?: string;
    readonly channel?: boolean;
    readonly mode?: "legacy" | "auto";
  } = {},
): Promise<McpClient> {
  const [toServer, fromServer] = [new PassThrough(), new PassThrough()];
  const notes: string[] = [];
  const ending = new AbortController();
  const ended = serveMcp({
    input: toServer,
    output: fromServer,
    connect: () => connect(target),
    agent: options.agent ?? null,
    cwd: options.cwd ?? tempFolder(t),
    // Of no coding agent: servers of one test are not each other's companions.
    parentPid: 0,
    channel: options.channel ?? false,
    version: "0.0.0-test",
    clock: systemClock,
    note: (line) => void notes.push(line),
    signal: ending.signal,
  });
  const client = new Client({ name: "test", version: "0" }, { versionNegotiation: { mode: options.mode ?? "legacy" } });
  const pushed: unknown[] = [];
  let told = Promise.withResolvers<unknown>();
  client.fallbackNotificationHandler = async ({ method, params }) => {
    if (method !== "notifications/claude/channel") return;
    pushed.push(params);
    told.resolve(params);
    told = Promise.withResolvers();
  };
  // A pair of streams is a pair of streams, from either end.
  await client.connect(new StdioServerTransport(fromServer, toServer));
  const end = async (): Promise<void> => {
    toServer.end();
    await ended;
  };
  onEnd(t, async () => {
    ending.abort();
    await ended;
  });
  return {
    client,
    notes,
    pushed,
    nextPush: () => told.promise,
    end,
    async call(name, given = {}) {
      const result = await client.callTool({ name, arguments: given });
      const [content] = result.content;
      assert.equal(content?.type, "text");
      return {
        text: content.text,
        isError: result.isError === true,
        structured: (result.structuredContent ?? {}) as ToolResult["structured"],
        error: (result._meta?.["claudemesh/error"] ?? null) as ToolResult["error"],
      };
    },
  };
}

export function succeeded(result: ToolResult): ToolResult {
  assert.equal(result.isError, false, result.text);
  return result;
}
