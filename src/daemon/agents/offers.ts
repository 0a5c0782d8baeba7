import type {
  OffersSettled,
  OfferView,
  SenderPolicies,
  SenderPolicyView,
  Taken,
  TakeRequest,
} from "../../protocol/offers-api.ts";
import type { Page } from "../../protocol/local-api.ts";
import type { SessionKey } from "./agents.ts";
import type { PolicyChange } from "./sender-policies.ts";
import type { OfferTold } from "./way-adapter.ts";

/** Messages put before the sessions of agents: under leases, once per agent, in order of arrival. */
export interface Offers {
  /** What waits for the session's agent, now under a lease of this session alone. On disk when it resolves. Rejects unknown_agent. */
  take(session: SessionKey, request: TakeRequest): Promise<Taken>;
  /** They are in the session; `read`: the agent has asked for them itself, or has finished with them. */
  confirm(session: SessionKey, offerIds: readonly string[], choice: { readonly read: boolean }): Promise<OffersSettled>;
  /** They did not get in, as far as is known. Not offered again for `delayMs`. `unseen`: nothing of them was put in for certain. */
  giveBack(
    session: SessionKey,
    offerIds: readonly string[],
    choice: { readonly reason: string; readonly delayMs: number; readonly unseen?: boolean },
  ): Promise<OffersSettled>;
  /** Their lease begins anew. */
  extend(session: SessionKey, offerIds: readonly string[]): Promise<OffersSettled>;
  /** What became of an offer, as the session's own side says. */
  readonly told: OfferTold;
  /**
   * The session has done something at `at`: what a hook had put in before is read, since that hook has finished and the session went on;
   * what the session has shown is read once it has come to its end (`idle`).
   */
  heard(session: SessionKey, what: { readonly at: number; readonly status: "busy" | "idle" | null }): Promise<void>;
  /** Somebody here answers a message: it has been read. `agent`: in whose name, which says it of a topic's message for that agent. */
  answered(brokerMessageId: string, agent: string | null): Promise<void>;
  /** Sessions of an agent may have ended: what those had not confirmed waits again. */
  reconsider(agent: string): Promise<void>;
  /** Messages that wait for an agent, up to a bound. */
  waiting(agent: string): number;
  /**
   * Of an agent, the newest first: what waits, and what came of what was offered; `open`: without what it has read. Throws
   * unknown_agent.
   */
  ofAgent(
    agent: string,
    page: { readonly cursor: string | null; readonly limit: number; readonly open: boolean },
  ): Page<OfferView>;
  /** A message that a policy or a session's user keeps out may go in. `agent` null: to every agent that it is for. Null: no such message. */
  releaseMessage(inboxId: number, agent: string | null): Promise<{ readonly released: readonly string[] } | null>;
  policies(): SenderPolicies;
  setPolicy(change: PolicyChange): Promise<SenderPolicyView>;
  /** Back to what the settings say. False: there was no line. */
  dropPolicy(sender: string, agent: string | null): Promise<boolean>;
  /** When something waits again by itself: a lease, a delay or a policy ends; null: nothing does. */
  nextChangeAt(now: number): number | null;
  /** Told after a commit that lets messages wait which did not before. Returns its own removal. */
  onWaiting(listener: () => void): () => void;
}
