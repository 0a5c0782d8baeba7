/**
 * The naive broker's accept path: what one writes first. Links, frames, checks and the fingerprint are our broker's own;
 * then each message is a transaction of its own, a round trip a statement, over eight connections, into the same tables
 * with the same indexes. There is no limiter and no lock before the look-up: it does less than ours, not more.
 */
import pg from "pg";
import { checkItem, type CheckedItem } from "../../src/broker/accept/check-item.ts";
import type { Accepter } from "../../src/broker/accept/accepter.ts";
import { refusalAnswer, refusalOf } from "../../src/broker/accept/answer.ts";
import type { SenderLink } from "../../src/broker/accept/sender-link.ts";
import type { SendAnswer } from "../../src/protocol/frames.ts";
import { newUuidV7 } from "../../src/protocol/ids.ts";

const connections = 8;
const retentionMs = 365 * 86_400_000;

export function createNaiveAccepter(databaseUrl: string): Accepter {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  return {
    accept(link, items, answered) {
      void Promise.all(items.map((value) => acceptOne(pool, link, checkItem(value, link)))).then(answered);
    },
    full: () => false,
    onRoom: () => undefined,
    stop: () => pool.end(),
  };
}

async function acceptOne(pool: pg.Pool, link: SenderLink, item: CheckedItem): Promise<SendAnswer> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const answer = await transact(client, link, item);
    await client.query("COMMIT");
    return answer;
  } catch (thrown) {
    await client.query("ROLLBACK");
    return refusalAnswer(item.envelope.client_message_id, refusalOf("store_unavailable", String(thrown)));
  } finally {
    client.release();
  }
}

async function transact(client: pg.PoolClient, link: SenderLink, item: CheckedItem): Promise<SendAnswer> {
  const { envelope, fingerprint } = item;
  const { meshId } = link;
  const id = envelope.client_message_id;
  const now = Date.now();
  const refuse = (code: "not_a_member" | "unknown_destination" | "idempotency_key_reused"): SendAnswer =>
    refusalAnswer(id, refusalOf(code, code));
  const known = await client.query(named.record, [meshId, id]);
  if (known.rowCount !== 0) return refuse("idempotency_key_reused");
  const sender = await client.query<{ link_epoch: string }>(named.member, [meshId, envelope.sender]);
  if (Number(sender.rows[0]?.link_epoch) !== link.linkEpoch) return refuse("not_a_member");
  const destination = await client.query<{ destination: string }>(
    envelope.destination_kind === "dm" ? named.dm : named.topic,
    [meshId, envelope.destination_kind === "dm" ? envelope.destination_ref.slice(0, 64) : envelope.destination_ref],
  );
  const to = destination.rows[0]?.destination;
  if (to === undefined) return refuse("unknown_destination");
  const head = await client.query<{ seq: string; epoch: string }>(named.head, [meshId]);
  const [seq, epoch] = [Number(head.rows[0]?.seq), Number(head.rows[0]?.epoch)];
  const brokerMessageId = newUuidV7(now);
  await client.query(named.message, [
    meshId,
    seq,
    epoch,
    brokerMessageId,
    id,
    fingerprint,
    envelope.sender,
    to,
    JSON.stringify(envelope),
    now,
  ]);
  await client.query(named.dedupe, [
    meshId,
    id,
    brokerMessageId,
    seq,
    epoch,
    fingerprint,
    envelope.version,
    envelope.sender,
    envelope.destination_kind,
    envelope.destination_ref,
    now,
    now + retentionMs,
  ]);
  return {
    status: 201,
    client_message_id: id,
    broker_message_id: brokerMessageId,
    history_id: seq,
    duplicate: false,
    position: { epoch, seq, broker_message_id: brokerMessageId, incarnation: "", mac: "" },
  };
}

/** Prepared once a connection, under their names. */
const named = {
  record: {
    name: "record",
    text: "SELECT request_fingerprint, sender FROM mesh.client_message_dedupe WHERE mesh_id = $1 AND client_message_id = $2",
  },
  member: {
    name: "member",
    text: "SELECT link_epoch FROM mesh.member WHERE mesh_id = $1 AND member_id = $2 AND status = 'active'",
  },
  dm: {
    name: "dm",
    text: "SELECT 'dm:' || member_id AS destination FROM mesh.member WHERE mesh_id = $1 AND member_id = $2 AND status = 'active'",
  },
  topic: {
    name: "topic",
    text: "SELECT 'topic:' || topic_id AS destination FROM mesh.topic WHERE mesh_id = $1 AND name = $2 AND deleted_at IS NULL",
  },
  head: { name: "head", text: "UPDATE mesh.mesh_head SET seq = seq + 1 WHERE mesh_id = $1 RETURNING seq, epoch" },
  message: {
    name: "message",
    text: `INSERT INTO mesh.message_queue (mesh_id, seq, epoch, incarnation, broker_message_id, client_message_id,
             request_fingerprint, sender, destination, envelope, accepted_at)
           VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10)`,
  },
  dedupe: {
    name: "dedupe",
    text: `INSERT INTO mesh.client_message_dedupe (mesh_id, client_message_id, broker_message_id, seq, epoch,
             request_fingerprint, fingerprint_version, sender, destination_kind, destination_ref, first_seen_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
  },
} as const;
