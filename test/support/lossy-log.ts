import assert from "node:assert/strict";
import type { TestDaemon } from "./daemon.ts";
import { type PostgresMesh, until } from "./postgres-mesh.ts";

/** Who is in a mesh whose log loses its end. */
export const names = ["alice", "bob", "carol", "dave"] as const;
type Name = (typeof names)[number];

/** Texts that each daemon shows, oldest first. */
export async function inbox({ client }: TestDaemon): Promise<string[]> {
  return (await client.inbox.list({ limit: 1_000 })).items.map(({ message }) => String(message));
}

/** Resolves when these inboxes hold exactly these texts and nothing waits in any outbox. */
export async function settled(
  mesh: PostgresMesh<Name>,
  expected: Partial<Record<Name, readonly string[]>>,
): Promise<void> {
  const daemons = Object.values(mesh.daemons);
  const entries = Object.entries(expected) as [Name, readonly string[]][];
  await until(daemons, async () => {
    for (const { client } of daemons) {
      const { outbox } = await client.health();
      if (outbox.pending + outbox.inflight > 0) return false;
    }
    for (const [name, texts] of entries) if ((await inbox(mesh.daemons[name])).length < texts.length) return false;
    return true;
  });
  for (const [name, texts] of entries)
    assert.deepEqual((await inbox(mesh.daemons[name])).toSorted(), texts.toSorted(), `every message of ${name} once`);
}

export async function send(from: TestDaemon, to: string, ...texts: string[]): Promise<void> {
  for (const message of texts) await from.client.send({ to, message });
}

/** The whole log is without a hole, sound, and in epochs that only rise. */
export async function soundLog(mesh: PostgresMesh<Name>): Promise<{ epoch: number; seqs: number }> {
  const rows = await mesh.sql("SELECT seq::int, epoch FROM mesh.message_queue ORDER BY seq");
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    rows.map((_, index) => index + 1),
  );
  const [head] = await mesh.sql("SELECT epoch, seq::int FROM mesh.mesh_head");
  assert.equal(head?.["seq"], rows.length);
  const above = await mesh.sql(
    "SELECT c.destination FROM mesh.cursor c, mesh.mesh_head h WHERE c.mesh_id = h.mesh_id AND c.seq > h.seq",
  );
  assert.deepEqual(above, []);
  return { epoch: Number(head?.["epoch"]), seqs: rows.length };
}

export async function epochsOpened({ brokers }: PostgresMesh<Name>): Promise<number> {
  let sum = 0;
  for (const { broker } of brokers) {
    const text = await (await fetch(new URL("/metrics", broker.url.replace("ws:", "http:")))).text();
    for (const line of text.split("\n"))
      if (line.startsWith("cm_broker_log_epoch_changed_total{")) sum += Number(line.slice(line.lastIndexOf(" ")));
  }
  return sum;
}

/** Each of them was told by its daemon. */
export async function toldOfLoss(mesh: PostgresMesh<Name>, members: readonly Name[]): Promise<void> {
  for (const name of members) {
    const seen = new AbortController();
    for await (const { event } of mesh.daemons[name].client.events({ after: 0, signal: seen.signal }))
      if (event === "log_epoch_changed") seen.abort();
  }
}

export const alarm = /^THE STORE LOST COMMITTED MESSAGES/;

/** As `settled`, while one daemon is stopped. */
export async function settledWithout(
  mesh: PostgresMesh<Name>,
  away: Name,
  expected: Partial<Record<Name, readonly string[]>>,
) {
  const { [away]: _, ...others } = mesh.daemons;
  await settled({ ...mesh, daemons: others as PostgresMesh<Name>["daemons"] }, expected);
}

/** One epoch was opened, loudly, and the log has every message once. */
export async function lossIsOver(mesh: PostgresMesh<Name>, messages: number): Promise<void> {
  assert.deepEqual(await soundLog(mesh), { epoch: 2, seqs: messages });
  assert.equal(await epochsOpened(mesh), 1);
  assert.equal(mesh.alarms.filter((said) => alarm.test(said)).length, 1);
  for (const { daemon, client } of Object.values(mesh.daemons)) {
    const { outbox } = await client.health();
    assert.equal(outbox.dead + outbox.aborted, 0, String(daemon));
  }
}
