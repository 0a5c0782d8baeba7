import type { McpServer } from "@modelcontextprotocol/server";
import { fullJitter } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { mcpLimits } from "./mcp-limits.ts";
import type { Calls } from "./tool.ts";

/**
 * Claude Code's experimental capability of a server that pushes messages into a session, as its documentation of channels
 * describes it: a notification whose `meta` is text to text, its keys of [A-Za-z0-9_]. One other value and it is dropped.
 */
export const channelCapability = { "claude/channel": {} } as const;
const channelNotification = "notifications/claude/channel";

export interface Channel {
  stop(): Promise<void>;
}

/**
 * Pushes what arrives for the session's agent. A push is a write and no more: the client confirms none, and drops those
 * that come while it is idle or in the background. So a pushed message stays offered until something of the session shows
 * its id, and else comes by a hook or by the tool `inbox`, said to be repeated. The daemon gives a channel each message once.
 */
export function startChannel(
  server: McpServer,
  { daemon, session, clock }: Calls,
  note: (line: string) => void,
): Channel {
  const ended = new AbortController();
  const { signal } = ended;
  let pushing: Promise<void> | null = null;
  let again = false;

  async function pushWaiting(): Promise<void> {
    const { kind, sessionId } = session;
    // One by one: each is a notification of its own. What a channel of this session had is not offered to it again.
    const choice = { way: "channel", chars_max: mcpLimits.resultCharsMax, include_low: false, limit: 1 } as const;
    while (!signal.aborted) {
      const taken = await session.asAgent(signal, () =>
        daemon.ask((client, options) => client.agents.take(kind, sessionId, choice, options), { signal }),
      );
      const [offer] = taken.offers;
      if (offer === undefined) return;
      const meta = { inbox_id: String(offer.inbox_id), repeat: String(offer.repeat) };
      await server.server.notification({ method: channelNotification, params: { content: taken.text, meta } });
    }
  }

  /** One at a time: what comes meanwhile is looked for once more. */
  function push(): void {
    again = true;
    pushing ??= (async () => {
      while (again && !signal.aborted) {
        again = false;
        await pushWaiting().catch((error: unknown) => note(`the channel pushed nothing: ${String(error)}`));
      }
      pushing = null;
    })();
  }

  async function follow(): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const onOpen = (): void => {
        failures = 0;
        // What came while nobody listened.
        push();
      };
      try {
        await daemon.ask(async (client) => {
          for await (const { event } of client.events({ signal, onOpen })) if (event === "message") push();
        });
      } catch {
        // The daemon is away: it is looked for until the session ends.
      }
      await pause(fullJitter(failures, mcpLimits.channelBackoff), clock, signal);
    }
  }

  let following: Promise<void> = Promise.resolve();
  server.server.oninitialized = () => {
    following = follow();
  };
  return {
    async stop() {
      ended.abort();
      await following;
      await pushing;
    },
  };
}

function pause(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = clock.after(delayMs, resolve);
    signal.addEventListener("abort", () => [timer.cancel(), resolve()], { once: true });
  });
}
