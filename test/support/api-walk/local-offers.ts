import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connect } from "../../../src/client/connect.ts";
import { type Reached, samples } from "./local-pair.ts";
import type { Asked, Walk } from "./walk.ts";

const settling = ["offersConfirm", "offersRelease", "offersExtend"] as const;
const writing = ["offersTake", ...settling, "inboxRelease", "senderPolicyPut", "senderPolicyDrop"] as const;

/** Messages before the sessions of an agent of alice's, and what senders' messages may do there. */
export async function walkOffers(walk: Walk, { unix, dir }: Reached): Promise<void> {
  const of = (id: string, changes: Asked = {}): Asked => ({ ...samples[id], ...changes });
  await walk.ask(unix, "agentSessionPut", 200, {
    params: { kind: "claude-code", session_id: "s-5" },
    body: { cwd: "/srv/offers", event_at: "2026-01-01T00:00:00.000Z" },
  });
  const client = connect(unix);
  await client.send({ to: "@alice/offers", message: "take me", client_message_id: "offer-1" }, { wait: "delivered" });
  client.close();
  const taken = await walk.ask(unix, "offersTake", 200, of("offersTake"));
  const [offer] = taken.json["offers"] as { offer_id: string; inbox_id: number }[];
  assert.ok(offer !== undefined);
  const body = { offer_ids: [offer.offer_id, "another"] };
  for (const id of ["offersExtend", "offersRelease", "offersTake", "offersConfirm"])
    await walk.ask(unix, id, 200, of(id, id === "offersTake" ? {} : { body }));
  await walk.ask(unix, "offerList", 200, of("offerList"));
  await walk.ask(unix, "inboxRelease", 200, { params: { id: String(offer.inbox_id) } });
  await walk.ask(unix, "senderPolicyPut", 200, of("senderPolicyPut"));
  await walk.ask(unix, "senderPolicyList", 200);
  await walk.ask(unix, "senderPolicyDrop", 200, of("senderPolicyDrop"));

  const nobody = { kind: "claude-code", session_id: "nobody" };
  await walk.ask(unix, "offersTake", "unknown_agent", of("offersTake", { params: nobody }));
  for (const id of settling) {
    await walk.ask(unix, id, 200, of(id, { params: nobody }));
    await walk.ask(unix, id, "unknown_agent", of(id, { params: { ...nobody, kind: "No-Kind" } }));
  }
  await walk.ask(unix, "offerList", "unknown_agent", { params: { name: "nobody" } });
  await walk.ask(unix, "offerList", "invalid_destination", { params: { name: "no%20name" } });
  await walk.ask(unix, "inboxRelease", "not_found", { params: { id: "999999" } });
  for (const [id, on] of [
    ["inboxRelease", "body"],
    ["senderPolicyPut", "body"],
    ["senderPolicyDrop", "query"],
  ] as const)
    for (const [agent, code] of [
      ["nobody", "unknown_agent"],
      ["no name", "invalid_destination"],
    ] as const) {
      const given = { ...(samples[id]?.body as object), agent };
      const more = on === "body" ? { body: given } : { query: `agent=${encodeURIComponent(agent)}` };
      await walk.ask(unix, id, code, of(id, more));
    }
  for (const id of ["senderPolicyPut", "senderPolicyDrop"])
    await walk.ask(unix, id, "unknown_destination", of(id, { params: { sender: "nobody" } }));

  const other = new DatabaseSync(join(dir, "inbox.db"));
  other.exec("BEGIN IMMEDIATE");
  // At once: each by itself would wait for the lock as long as the daemon does.
  await Promise.all(writing.map((id) => walk.ask(unix, id, "store_unavailable", samples[id])));
  other.close();
}
