import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type AgentsTold, isSameTold } from "../../protocol/agent-frames.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { Agents } from "../agents/agents.ts";
import type { LinkRequest } from "../parts.ts";

/** Sessions come and go in bursts: the mesh is told of the first at once, and of what changes within this time together. */
export const tellAgentsMs = 1_000;
const againMs = 30_000;

/** Tells the mesh of this member's agents when they are not as the hello said, for as long as a link stands. */
export interface AgentsTeller {
  start(): void;
  closed(): void;
}

export function createAgentsTeller(
  {
    agents,
    clock,
    log,
  }: { readonly agents?: Pick<Agents, "told" | "onChange">; readonly clock: Clock; readonly log: Log },
  request: LinkRequest,
  hello: AgentsTold,
): AgentsTeller {
  let told = hello;
  let toldAt = Number.NEGATIVE_INFINITY;
  let timer: Timer | null = null;
  let running = false;
  let isOver = agents === undefined;
  let stopListening: () => void = () => undefined;

  function wake(delayMs: number): void {
    if (isOver || running || timer !== null) return;
    timer = clock.after(delayMs, () => {
      timer = null;
      void tell();
    });
  }

  async function tell(): Promise<void> {
    if (isOver || agents === undefined) return;
    const now = agents.told();
    if (isSameTold(now, told)) return;
    running = true;
    let pauseMs = tellAgentsMs;
    try {
      toldAt = clock.now();
      await request({ type: "presence", ...now });
      told = now;
    } catch (thrown) {
      const { details, message } = ClaudemeshError.from(thrown);
      // A broker that does not know of it; it has what the hello said.
      if (details["unknown_type"] !== undefined) isOver = true;
      pauseMs = againMs;
      log.debug({ error: message }, "the mesh was not told of the agents here");
    }
    running = false;
    if (!isSameTold(agents.told(), told)) wake(pauseMs);
  }

  return {
    start() {
      if (isOver || agents === undefined) return;
      stopListening = agents.onChange(() => wake(Math.max(0, toldAt + tellAgentsMs - clock.now())));
      // What changed since the hello was signed.
      wake(0);
    },
    closed() {
      isOver = true;
      stopListening();
      timer?.cancel();
    },
  };
}
