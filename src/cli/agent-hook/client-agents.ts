import type { Client } from "../../client/client.ts";
import type { HookAgents } from "./hook-agents.ts";

/** The daemon's agents as a hook of a `kind` of coding agent asks for them. */
export function hookAgents({ agents }: Client, kind: string): HookAgents {
  return {
    async report({ sessionId, cwd, source, status, eventAt, process, socketPath, socketToken, agent }, signal) {
      await agents.reportSession(
        kind,
        sessionId,
        {
          cwd,
          status,
          event_at: eventAt,
          // What is not known now is left as the daemon knows it.
          ...(source === null ? {} : { source }),
          ...(process === null ? {} : { process }),
          ...(socketPath === null ? {} : { socket_path: socketPath }),
          ...(socketToken === null ? {} : { socket_token: socketToken }),
          ...(agent === null ? {} : { agent }),
        },
        { signal },
      );
    },
    async ended(sessionId, signal) {
      await agents.endSession(kind, sessionId, { signal });
    },
    async take(sessionId, { charsMax, includeLow, prompt }, signal) {
      const { text, offers } = await agents.take(
        kind,
        sessionId,
        { way: "hook", chars_max: charsMax, include_low: includeLow, ...(prompt === null ? {} : { prompt }) },
        { signal },
      );
      return { text, offerIds: offers.map(({ offer_id }) => offer_id) };
    },
    async confirm(sessionId, offerIds, signal) {
      await agents.confirm(kind, sessionId, offerIds, {}, { signal });
    },
    async release(sessionId, offerIds, signal) {
      await agents.giveBack(
        kind,
        sessionId,
        offerIds,
        { reason: "the hook that had it was not heard out" },
        { signal },
      );
    },
  };
}
