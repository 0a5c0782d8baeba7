import { createSecretKey, type KeyObject } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { DedupeSetting } from "../../link/link-parts.ts";
import { type ConnectionLimits, type Connections, openConnections, type Row, type Sql } from "./connections.ts";
import { meetLife } from "./life.ts";
import { storeError } from "./sqlstate.ts";
import { createTurns } from "./turns.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`. Never logged. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Secret of the deployment under which positions are authenticated. */
  readonly positionSecret: Uint8Array;
  /** Whose brokers this database belongs to: all of them hold one deployment key. */
  readonly deployment: { readonly brokerId: string; readonly publicKeyHex: string };
  /** Of this start of a broker; UUID. */
  readonly instanceId: string;
  readonly dedupe: DedupeSetting;
  /** Connections for accepting, and for everything else. */
  readonly acceptConnections?: number;
  readonly queryConnections?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** What the store's queries share while it is open. */
export interface StoreCore extends Sql {
  readonly options: PostgresStoreOptions;
  readonly connections: Connections;
  /** The secret of positions as a key made once: an HMAC under raw bytes imports them every time, for 7 µs a message. */
  readonly positionKey: KeyObject;
  /** Names of the server's lives by their numbers; filled as they are met. */
  readonly incarnations: Map<number, string>;
  /** The life that the newest connection met; null before the first. */
  life: { readonly n: number; readonly id: string } | null;
  readonly newLifeListeners: (() => void)[];
  /** Runs `body` in one transaction; when it throws, nothing remains. */
  transaction<T>(body: (tx: Sql) => Promise<T>): Promise<T>;
  /** A transaction whose statements may take long: it holds back no other mesh, but what it has locked. */
  longTransaction<T>(body: (tx: Sql) => Promise<T>): Promise<T>;
  /** Statements that all see the database as it is at the first of them, and change nothing. */
  snapshot<T>(body: (tx: Sql) => Promise<T>): Promise<T>;
  /**
   * A transaction that holds the mesh's lock, the one that accepting takes. `head` is its log's end. The statements of
   * `body` see everything that was committed before the lock was got. Throws not_found without such a mesh.
   */
  locked<T>(meshId: string, body: (tx: Sql, head: { epoch: number; seq: number }) => Promise<T>): Promise<T>;
}

/** For one's turn among those of this broker who change a mesh. */
const turnMs = 5_000;

export function openCore(options: PostgresStoreOptions): StoreCore {
  // A connection never outlives its server: whoever makes one learns which life this is.
  const connections = openConnections({
    ...options,
    opened: (sql) => meetLife(core, sql),
    over: (life) => core.life !== null && core.life.id !== life,
  });
  const turns = createTurns(options.clock, turnMs);
  const core: StoreCore = {
    options,
    connections,
    positionKey: createSecretKey(options.positionSecret),
    incarnations: new Map(),
    life: null,
    newLifeListeners: [],
    rows: (text, values) => connections.query((sql) => sql.rows(text, values)),
    transaction: (body) => connections.query((sql) => within(sql, "BEGIN", body)),
    longTransaction: (body) =>
      connections.longQuery((sql) =>
        within(sql, "BEGIN", async (tx) => {
          await tx.rows("SET LOCAL statement_timeout = 0");
          return body(tx);
        }),
      ),
    snapshot: (body) =>
      connections.query((sql) => within(sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)),
    locked: (meshId, body) =>
      turns.take(meshId, () =>
        core.transaction(async (tx) => {
          const [head] = await tx.rows("SELECT epoch, seq FROM mesh.mesh_head WHERE mesh_id = $1 FOR UPDATE", [meshId]);
          if (head === undefined) throw new ClaudemeshError("not_found", "there is no such mesh");
          return body(tx, { epoch: Number(head["epoch"]), seq: Number(head["seq"]) });
        }),
      ),
  };
  return core;
}

export async function within<T>(sql: Sql, begin: string, body: (tx: Sql) => Promise<T>): Promise<T> {
  await sql.rows(begin);
  try {
    const result = await body(sql);
    await sql.rows("COMMIT");
    return result;
  } catch (thrown) {
    // A connection that is gone has rolled back by that.
    await sql.rows("ROLLBACK").catch(() => undefined);
    throw thrown instanceof ClaudemeshError ? thrown : storeError(thrown, "commit");
  }
}

export type { Row, Sql };

/** Name of a life of the server by its number. */
export async function incarnationName(core: StoreCore, n: number, sql: Sql = core): Promise<string> {
  const known = core.incarnations.get(n);
  if (known !== undefined) return known;
  const [row] = await sql.rows("SELECT incarnation FROM mesh.incarnation WHERE n = $1", [n]);
  const name = String(row?.["incarnation"] ?? "");
  if (name !== "") core.incarnations.set(n, name);
  return name;
}
