import type { DatabaseSync } from "node:sqlite";
import { isName } from "../../protocol/address.ts";
import { isMemberId } from "../../protocol/ids.ts";
import { offerStates, senderPolicies, ways } from "../../protocol/offers-api.ts";
import { readableRows } from "./saved-rows.ts";

/**
 * What messages have come to with agents, by the numbers that they keep, and the policies for senders. Without the first they would be put
 * into sessions again, without the second by whom the user keeps out. What was under way is nobody's any more: it waits, as a repeat.
 */
export function copyOffers(database: DatabaseSync, readable: DatabaseSync | null): void {
  const offer = database.prepare(
    `INSERT INTO agent_offer (agent, inbox_id, state, way, kind, session_id, offer_id, offers, notice, released, offered_at, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  for (const row of readableRows(readable, "SELECT * FROM agent_offer")) {
    const { agent, inbox_id: inboxId, way, kind, session_id: sessionId, offer_id: offerId } = row;
    const state = offerStates.find((known) => known === row["state"]);
    const texts = [agent, way, kind, sessionId, offerId];
    const counts = [inboxId, row["offers"], row["offered_at"], row["changed_at"]];
    if (state === undefined || !texts.every((text) => typeof text === "string") || !counts.every(isCount)) continue;
    if (!isName(String(agent)) || !ways.some((known) => known === way)) continue;
    offer.run(
      String(agent),
      Number(inboxId),
      state === "offered" || state === "held" ? "waiting" : state,
      ...[String(way), String(kind), String(sessionId), String(offerId), Number(row["offers"])],
      ...[row["notice"] === 1 ? 1 : 0, row["released"] === 1 ? 1 : 0],
      ...[Number(row["offered_at"]), Number(row["changed_at"])],
    );
  }
  const policy = database.prepare(
    "INSERT INTO sender_policy (agent, sender, policy, until, set_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const { agent, sender, policy: said, until, set_at: setAt } of readableRows(
    readable,
    "SELECT * FROM sender_policy",
  )) {
    const known = senderPolicies.find((one) => one === said);
    const holds =
      known !== undefined &&
      typeof agent === "string" &&
      (agent === "" || isName(agent)) &&
      typeof sender === "string" &&
      isMemberId(sender) &&
      (until === null || isCount(until)) &&
      isCount(setAt);
    if (holds) policy.run(agent, sender, known, until === null ? null : Number(until), Number(setAt));
  }
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
