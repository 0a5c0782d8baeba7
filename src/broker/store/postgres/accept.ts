import type { Envelope } from "../../../protocol/envelope.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { judgeKnown, recordExpiry, refusals, refused } from "../accept-outcomes.ts";
import { issuePosition } from "../position-mac.ts";
import { readRecord } from "../read-row.ts";
import type { AcceptItem, AcceptOutcome, DedupeRecord, RoutedDestination, VoidRecord } from "../store.ts";
import {
  type ArrayType,
  asciiArray,
  bigintArray,
  booleanArray,
  byteaArray,
  encodeArray,
  integerArray,
  smallintArray,
  textArray,
  uuidArray,
} from "./binary-array.ts";
import { incarnationName, type Row, type Sql, type StoreCore } from "./core.ts";
import { meetLife } from "./life.ts";
import { noIncarnation, sqlState } from "./sqlstate.ts";
import { storedEnvelope } from "./stored-envelope.ts";

/**
 * B2 and B3 of a batch for one mesh: one call of mesh.accept, which commits by itself (migrations/broker/postgres). When
 * the connection breaks before its answer, the batch is committed or it is not; resent ids find out at B0.
 */
export async function accept(
  core: StoreCore,
  meshId: string,
  items: readonly AcceptItem[],
  now: number,
): Promise<AcceptOutcome[]> {
  const outcomes = new Array<AcceptOutcome>(items.length);
  // The function takes each id once: a second item of the same id is judged by what became of the first.
  let waiting = [...items.keys()];
  while (waiting.length > 0) {
    const ids = new Set<string>();
    const [batch, later]: [number[], number[]] = [[], []];
    for (const index of waiting) {
      const id = items[index]?.envelope.client_message_id ?? "";
      (ids.has(id) ? later : batch).push(index);
      ids.add(id);
    }
    const chosen = batch.flatMap((index) => items[index] ?? []);
    for (const [place, outcome] of (await acceptOnce(core, meshId, chosen, now)).entries())
      outcomes[batch[place] ?? 0] = outcome;
    waiting = later;
  }
  return outcomes;
}

const acceptText =
  "SELECT * FROM mesh.accept($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

async function acceptOnce(
  core: StoreCore,
  meshId: string,
  items: readonly AcceptItem[],
  now: number,
): Promise<AcceptOutcome[]> {
  const routes = routesOf(items);
  const [row] = await core.connections.accept(async (sql, life) => {
    const values = [meshId, now, recordExpiry(core.options.dedupe, now), ...columnsOf(items, routes, life)];
    try {
      return await sql.rows(acceptText, values);
    } catch (thrown) {
      if (sqlState(thrown) !== noIncarnation) throw thrown;
      await meetLife(core, sql);
      return await sql.rows(acceptText, values);
    }
  });
  if (row === undefined || row["epoch"] === null) return items.map(refusals.noMesh);
  const letters = String(row["outcomes"]);
  const records = letters.includes("k") ? await lookUp(core, meshId, idsOf(items, letters)) : new Map();
  const incarnation = letters.includes("a") ? await incarnationName(core, Number(row["incarnation"])) : "";
  if (incarnation !== "" && incarnation !== core.life?.id) await provePresent(core, incarnation);
  const topicIds = topicIdsOf(row["route_topics"]);
  const epoch = Number(row["epoch"]);
  let seq = Number(row["head"]);
  return items.map((item, index): AcceptOutcome => {
    const letter = letters[index] ?? "";
    if (letter === "k") {
      const known = records.get(item.envelope.client_message_id);
      return known === undefined ? recordGone : judgeKnown(known, item);
    }
    if (letter !== "a") return refusalOf(letter, item);
    seq += 1;
    return {
      kind: "accepted",
      seq,
      epoch,
      destination: routed(item.envelope, topicIds[(routes.ofItem[index] ?? 0) - 1]),
      position: issuePosition(core.positionKey, meshId, {
        epoch,
        seq,
        broker_message_id: item.broker_message_id,
        incarnation,
      }),
    };
  });
}

/**
 * The batch was committed in a life that this broker did not know as the present one. Behind a pooler that changed servers without
 * a word it is the present one. Otherwise its server was left while the call was under way: what it committed is nobody's any
 * more, and what another life holds is for the resent ids to find out.
 */
async function provePresent(core: StoreCore, incarnation: string): Promise<void> {
  const present = await core.connections.accept((sql) => meetLife(core, sql));
  if (present === incarnation) return;
  throw new ClaudemeshError("store_unavailable", "the store began another life while it accepted");
}

/** Who sends by which link to which destination: what a batch has few of, and mesh.accept judges once each. */
interface Routes {
  /** An item of each. */
  readonly firstOf: readonly AcceptItem[];
  /** Each item's, counted from 1. */
  readonly ofItem: readonly number[];
}

function routesOf(items: readonly AcceptItem[]): Routes {
  const numbers = new Map<string, number>();
  const firstOf: AcceptItem[] = [];
  const ofItem = items.map((item) => {
    const { sender, destination_kind, destination_ref } = item.envelope;
    const key = `${sender} ${item.linkEpoch ?? ""} ${item.life ?? ""} ${item.unsealed ?? ""} ${destination_kind} ${destination_ref}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = firstOf.push(item);
      numbers.set(key, number);
    }
    return number;
  });
  return { firstOf, ofItem };
}

/** The parameters of mesh.accept from $4 on. */
function columnsOf(items: readonly AcceptItem[], routes: Routes, life: string): Buffer[] {
  const mentionItems: number[] = [];
  const mentionMembers: string[] = [];
  for (const [index, { envelope, refusal }] of items.entries()) {
    if (refusal !== null) continue;
    for (const member of envelope.mentions) {
      mentionItems.push(index + 1);
      mentionMembers.push(member);
    }
  }
  const column = <T>(type: ArrayType<T>, read: (item: AcceptItem) => T) => encodeArray(type, items.map(read));
  const routeColumn = <T>(type: ArrayType<T>, read: (item: AcceptItem) => T) =>
    encodeArray(type, routes.firstOf.map(read));
  return [
    routeColumn(textArray, ({ envelope }) => envelope.sender),
    routeColumn(bigintArray, (item) => linkEpochColumn(item, life)),
    routeColumn(textArray, ({ envelope }) => envelope.destination_kind),
    routeColumn(textArray, ({ envelope }) => destinationName(envelope)),
    routeColumn(textArray, ({ envelope }) => envelope.destination_ref),
    encodeArray(integerArray, routes.ofItem),
    column(asciiArray, ({ envelope }) => envelope.client_message_id),
    column(byteaArray, ({ fingerprint }) => fingerprint),
    column(smallintArray, ({ envelope }) => envelope.version),
    column(uuidArray, (item) => item.broker_message_id),
    column(booleanArray, ({ refusal }) => refusal !== null),
    // What is refused already is looked up by its id, and never kept: a flood above its limit costs the server no bodies.
    column(textArray, ({ envelope, refusal }) => (refusal === null ? storedEnvelope(envelope) : "")),
    encodeArray(integerArray, mentionItems),
    encodeArray(asciiArray, mentionMembers),
  ];
}

/**
 * As mesh.accept reads it: -1 is no link, -2 no link and a body that nobody sealed. A link opened in another life is none of this
 * one: its number may have been given again here, since raising it may be among what was lost.
 */
function linkEpochColumn({ linkEpoch, life, unsealed }: AcceptItem, present: string): number {
  if (linkEpoch === null) return unsealed === true ? -2 : -1;
  return life === undefined || life === present ? linkEpoch : Number.MAX_SAFE_INTEGER;
}

/** Without the agent that a dm may name. */
function destinationName({ destination_kind, destination_ref }: Envelope): string {
  return destination_kind === "dm" ? destination_ref.slice(0, 64) : destination_ref;
}

function idsOf(items: readonly AcceptItem[], letters: string): string[] {
  return items.filter((_, index) => letters[index] === "k").map(({ envelope }) => envelope.client_message_id);
}

function topicIdsOf(column: unknown): readonly string[] {
  return Array.isArray(column) ? column : [];
}

function routed({ destination_kind, destination_ref }: Envelope, topicId: string | undefined): RoutedDestination {
  if (destination_kind === "dm") return { kind: "dm", member_id: destination_ref.slice(0, 64) };
  return destination_kind === "topic"
    ? { kind: "topic", topic_id: topicId ?? "" }
    : { kind: "queue", name: destination_ref };
}

/** Expired in this very moment: the sender asks again and is judged anew. */
const recordGone = refused(503, "store_unavailable", "the id's record expired meanwhile; send again");

function refusalOf(letter: string, { envelope, refusal }: AcceptItem): AcceptOutcome {
  switch (letter) {
    case "v":
      return { kind: "void" };
    case "r":
      return refusal ?? refused(500, "internal", "the store gave no outcome");
    case "m":
      return refusals.senderNoMember();
    case "l":
      return refusals.newerLink();
    case "d":
      return refusals.noMember();
    case "t":
      return refusals.noTopic(envelope.destination_ref);
    case "q":
      return refusals.noQueue(envelope.destination_ref);
    case "u":
      return unsealedRefusal(envelope);
    case "s":
      return refusals.notSubscribed(envelope.destination_ref);
    default:
      return refused(500, "internal", "the store gave no outcome");
  }
}

function unsealedRefusal({ destination_kind, destination_ref }: Envelope): AcceptOutcome {
  if (destination_kind === "dm") return refusals.unsealedDm();
  return refusals.unsealed(destination_kind === "topic" ? `#${destination_ref}` : `queue:${destination_ref}`);
}

/**
 * The record of each id, or its void claim. OFFSET 0 keeps each look-up a look-up: joined freely, a batch could be answered by
 * reading a whole table.
 */
const lookUpText = `
  SELECT asked.id, d.*, m.incarnation AS message_incarnation, v.sender AS voided_by
    FROM unnest($2::text[]) AS asked (id)
    LEFT JOIN LATERAL (SELECT * FROM mesh.client_message_dedupe r WHERE r.mesh_id = $1 AND r.client_message_id = asked.id OFFSET 0) d ON true
    LEFT JOIN LATERAL (SELECT q.incarnation FROM mesh.message_queue q WHERE q.mesh_id = $1 AND q.seq = d.seq OFFSET 0) m ON true
    LEFT JOIN LATERAL (SELECT c.sender FROM mesh.void_claim c WHERE c.mesh_id = $1 AND c.client_message_id = asked.id OFFSET 0) v ON true
   WHERE d.seq IS NOT NULL OR v.sender IS NOT NULL`;

/** The record or void claim of each id that has one. */
export async function lookUp(
  core: StoreCore,
  meshId: string,
  ids: readonly string[],
): Promise<Map<string, DedupeRecord | VoidRecord>> {
  return core.connections.accept((sql) => lookUpOn(core, sql, meshId, ids));
}

async function lookUpOn(
  core: StoreCore,
  sql: Sql,
  meshId: string,
  ids: readonly string[],
): Promise<Map<string, DedupeRecord | VoidRecord>> {
  const found = new Map<string, DedupeRecord | VoidRecord>();
  for (const row of await sql.rows(lookUpText, [meshId, encodeArray(asciiArray, ids)])) {
    const id = String(row["id"]);
    found.set(
      id,
      row["seq"] === null
        ? { kind: "void", client_message_id: id, sender: String(row["voided_by"]) }
        : await recordOf(core, sql, meshId, row),
    );
  }
  return found;
}

/** Claims what has no record as void. Own ids only: another sender's claim or record is left alone. */
export async function voidIds(
  core: StoreCore,
  meshId: string,
  memberId: string,
  ids: readonly string[],
  now: number,
): Promise<Map<string, DedupeRecord | VoidRecord>> {
  return core.locked(meshId, async (tx) => {
    const known = await lookUpOn(core, tx, meshId, ids);
    const unclaimed = [...new Set(ids)].filter((id) => !known.has(id));
    if (unclaimed.length > 0)
      await tx.rows(
        `INSERT INTO mesh.void_claim (mesh_id, client_message_id, sender, expires_at)
         SELECT $1, id, $3, $4 FROM unnest($2::text[]) AS asked (id)`,
        [meshId, encodeArray(textArray, unclaimed), memberId, recordExpiry(core.options.dedupe, now)],
      );
    // In the order in which they were asked for.
    const claimed = (id: string): VoidRecord => ({ kind: "void", client_message_id: id, sender: memberId });
    return new Map(ids.map((id) => [id, known.get(id) ?? claimed(id)]));
  });
}

async function recordOf(core: StoreCore, sql: Sql, meshId: string, row: Row): Promise<DedupeRecord> {
  const n = row["message_incarnation"];
  return readRecord(core.positionKey, meshId, row, n === null ? null : await incarnationName(core, Number(n), sql));
}
