import { McpServer } from "@modelcontextprotocol/server";
import { channelCapability } from "./channel.ts";
import type { Calls, Tool } from "./tool.ts";
import { claimWork } from "./tools/claim-work.ts";
import { finishWork } from "./tools/finish-work.ts";
import { inbox } from "./tools/inbox.ts";
import { peers } from "./tools/peers.ts";
import { reply } from "./tools/reply.ts";
import { search } from "./tools/search.ts";
import { send } from "./tools/send.ts";
import { subscribe } from "./tools/subscribe.ts";

/** Every tool, in the order in which they are listed. */
export const tools: readonly Tool[] = [send, inbox, reply, peers, search, subscribe, claimWork, finishWork];

export interface McpServerOptions {
  readonly version: string;
  /** What the client's model is told of this server. */
  readonly instructions: string;
  /** It sends messages as notifications of a channel. */
  readonly channel: boolean;
}

/** A server of one client with all tools. */
export function createMcpServer(calls: Calls, { version, instructions, channel }: McpServerOptions): McpServer {
  const server = new McpServer(
    { name: "claudemesh", title: "claudemesh", version },
    {
      capabilities: { tools: { listChanged: false }, ...(channel ? { experimental: channelCapability } : {}) },
      instructions,
    },
  );
  for (const tool of tools) tool.register(server, calls);
  return server;
}
