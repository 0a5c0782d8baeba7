import { Pool, type PoolClient, types } from "pg";
import type { Log } from "../../../base/log.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { sqlState, storeError } from "./sqlstate.ts";

export type Row = Readonly<Record<string, unknown>>;

/** Statements on one connection, or on any when it is the store's own. Values travel beside the text, never in it. */
export interface Sql {
  rows(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * Two sets of connections: those that accept serve nothing else, so that a thousand reads never stand before a commit.
 * Each lends one connection for a piece of work and takes it back; one whose state is not known is closed instead.
 */
export interface Connections {
  /** `life` is the one of the server at the other end: a connection never outlives it. */
  accept<T>(work: (sql: Sql, life: string) => Promise<T>): Promise<T>;
  query<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** For the few statements whose time grows with the data: each may take an hour. */
  longQuery<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const defaultAcceptConnections = 4;
const defaultQueryConnections = 6;

export interface ConnectionLimits {
  /** For a connection to be made or become free. */
  readonly connectMs: number;
  /** For one statement at the server. */
  readonly statementMs: number;
  /** Beyond it, before a connection whose server says nothing is given up. */
  readonly silenceMs: number;
  /** For the lock of a mesh (delivery.md §4). */
  readonly lockMs: number;
}

const defaultLimits: ConnectionLimits = { connectMs: 5_000, statementMs: 9_000, silenceMs: 1_000, lockMs: 2_000 };
const longStatementMs = 3_600_000;
/** A connection that nobody wanted for so long is closed. */
const idleMs = 60_000;

/** Committed means on the server's disk, whatever its defaults are; a lock is not waited for without end. */
const everySession = ({ statementMs, silenceMs, lockMs }: ConnectionLimits): string[] => [
  "SET default_transaction_isolation = 'read committed'",
  "SET synchronous_commit = on",
  `SET lock_timeout = ${lockMs}`,
  `SET statement_timeout = ${statementMs}`,
  `SET idle_in_transaction_session_timeout = ${statementMs + silenceMs}`,
  "SET jit = off",
  "SET timezone = 'UTC'",
];

/** Plans by index whatever the statistics say, and made once: a batch's plan must not depend on when a table was analysed. */
const acceptSession = [
  "SET plan_cache_mode = force_generic_plan",
  "SET enable_seqscan = off",
  "SET enable_bitmapscan = off",
  "SET enable_hashjoin = off",
  "SET enable_mergejoin = off",
];

const oidBigint = 20;

export function openConnections(options: {
  readonly url: string;
  readonly log: Log;
  readonly acceptConnections?: number;
  readonly queryConnections?: number;
  readonly limits?: Partial<ConnectionLimits>;
  /** Runs on every new connection before anything else, and says in which life of the server it was made. */
  readonly opened: (sql: Sql) => Promise<string>;
  /** Whether a life is over. Its server may still answer where it was met: after a failover nobody else asks it. */
  readonly over: (life: string) => boolean;
}): Connections {
  const limits = { ...defaultLimits, ...options.limits };
  const pieceMs = limits.statementMs + limits.silenceMs;
  const lendOf = (pool: Pool, session: readonly string[], statementMaxMs: number) => {
    return <T>(work: (sql: Sql, life: string) => Promise<T>): Promise<T> =>
      lend(pool, { ...options, session }, work, statementMaxMs);
  };
  const accepting = open(options, options.acceptConnections ?? defaultAcceptConnections, limits.connectMs, pieceMs);
  const querying = open(options, options.queryConnections ?? defaultQueryConnections, limits.connectMs, pieceMs);
  const session = everySession(limits);
  return {
    accept: lendOf(accepting, [...session, ...acceptSession], pieceMs),
    query: lendOf(querying, session, pieceMs),
    longQuery: lendOf(querying, session, longStatementMs),
    async close() {
      await Promise.all([accepting.end(), querying.end()]);
    },
  };
}

function open({ url, log }: { url: string; log: Log }, max: number, connectMs: number, query_timeout: number): Pool {
  const pool = new Pool({
    connectionString: url,
    max,
    min: 0,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: idleMs,
    query_timeout,
    keepAlive: true,
    application_name: "claudemesh-broker",
    allowExitOnIdle: true,
    types: { getTypeParser: typeParser },
  });
  // An idle connection that the server closed; the next piece of work makes a new one.
  pool.on("error", (error) => log.debug({ error: error.message }, "a connection to the store ended"));
  return pool;
}

/** Counters, sequence numbers and milliseconds: all far below 2^53. */
const typeParser: typeof types.getTypeParser = (oid: number, format?: "text" | "binary") =>
  oid === oidBigint && format !== "binary" ? Number : types.getTypeParser(oid, format as never);

/** The life of the server in which each connection was made; absent until its session is set. */
const lives = new WeakMap<PoolClient, string>();
const names = new Map<string, string>();

/** Statements are prepared once a connection, under a name a text. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `s${names.size}`;
    names.set(text, name);
  }
  return name;
}

interface Session {
  readonly session: readonly string[];
  readonly opened: (sql: Sql) => Promise<string>;
  readonly over: (life: string) => boolean;
}

async function lend<T>(
  pool: Pool,
  { session, opened, over }: Session,
  work: (sql: Sql, life: string) => Promise<T>,
  query_timeout: number,
): Promise<T> {
  const client = await connected(pool, over);
  let broken: Error | null = null;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on("error", onError);
  const sql: Sql = {
    async rows(text, values) {
      // Nothing that is asked of a connection that is gone, or does not answer, is waited for: not even its ROLLBACK.
      if (broken !== null) throw broken;
      try {
        if (values === undefined) return (await client.query<Row>(text)).rows;
        const named = { name: nameOf(text), text, values: [...values], query_timeout };
        return (await client.query<Row>(named)).rows;
      } catch (thrown) {
        if (!fromServer(thrown)) broken = thrown instanceof Error ? thrown : new Error(String(thrown));
        throw thrown;
      }
    },
  };
  try {
    let life = lives.get(client);
    if (life === undefined) {
      await sql.rows(session.join("; "));
      life = await opened(sql);
      lives.set(client, life);
    }
    return await work(sql, life);
  } catch (thrown) {
    throw thrown instanceof ClaudemeshError ? thrown : storeError(thrown, "read");
  } finally {
    client.off("error", onError);
    client.release(broken ?? undefined);
  }
}

/** A connection of the present life, or a new one. */
async function connected(pool: Pool, over: (life: string) => boolean): Promise<PoolClient> {
  for (;;) {
    let client: PoolClient;
    try {
      client = await pool.connect();
    } catch (thrown) {
      throw storeError(thrown, "read");
    }
    const life = lives.get(client);
    if (life === undefined || !over(life)) return client;
    client.release(true);
  }
}

/** The server answered with an error: the connection goes on. Class 57P and 08 end it. */
function fromServer(thrown: unknown): boolean {
  const state = sqlState(thrown);
  return state !== null && /^[0-9A-Z]{5}$/.test(state) && !/^(57P|08)/.test(state);
}
