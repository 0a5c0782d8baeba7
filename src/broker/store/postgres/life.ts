import { randomUUID } from "node:crypto";
import { within, type Sql, type StoreCore } from "./core.ts";

/** Of several brokers that meet a new life, one records it. */
const lifeLock = 7_163_384_102;

/**
 * Learns on a connection which life of the database server this is, and records a new one with the head of every mesh's log.
 * Whoever restores a copy or fails over starts another server process, and so another life: what was committed in one is a
 * contiguous piece of each log, whichever brokers committed it. A dump that is put back into a running server has tables
 * of another identity than it says, and is met as another life too. mesh.accept numbers nothing in a life that is not recorded.
 * A life other than the one known so far may have lost what that one committed: those who must know are told. Returns its name.
 */
export async function meetLife(core: StoreCore, sql: Sql): Promise<string> {
  const found = (await lifeOf(sql)) ?? (await recordLife(core, sql));
  core.incarnations.set(found.n, found.id);
  const before = core.life;
  core.life = found;
  if (before !== null && before.id !== found.id) for (const listener of core.newLifeListeners) listener();
  return found.id;
}

async function lifeOf(sql: Sql): Promise<{ n: number; id: string } | null> {
  const [row] = await sql.rows(
    `SELECT n, incarnation FROM mesh.incarnation WHERE server_started_at = pg_postmaster_start_time()
        AND NOT EXISTS (SELECT 1 FROM mesh.deployment WHERE table_oid <> to_regclass('mesh.incarnation')::oid)`,
  );
  return row === undefined ? null : { n: Number(row["n"]), id: String(row["incarnation"]) };
}

function recordLife(core: StoreCore, sql: Sql): Promise<{ n: number; id: string }> {
  return within(sql, "BEGIN", async (tx) => {
    await tx.rows(`SELECT pg_advisory_xact_lock(${lifeLock})`);
    const present = await lifeOf(tx);
    if (present !== null) return present;
    await endDumped(tx);
    const id = randomUUID();
    const [row] = await tx.rows(
      `INSERT INTO mesh.incarnation (n, incarnation, server_started_at, started_at)
       SELECT coalesce(max(n), 0) + 1, $1, pg_postmaster_start_time(), $2 FROM mesh.incarnation RETURNING n`,
      [id, core.options.clock.now()],
    );
    const n = Number(row?.["n"]);
    await tx.rows("INSERT INTO mesh.incarnation_head (mesh_id, n, head) SELECT mesh_id, $1, seq FROM mesh.mesh_head", [
      n,
    ]);
    return { n, id };
  });
}

/** What a dump says of this very life of the server ended with the dump: by another time it is found no more. */
async function endDumped(tx: Sql): Promise<void> {
  await tx.rows(
    `UPDATE mesh.incarnation SET server_started_at = server_started_at - n * interval '1 microsecond'
      WHERE server_started_at = pg_postmaster_start_time()`,
  );
  await tx.rows("UPDATE mesh.deployment SET table_oid = to_regclass('mesh.incarnation')::oid");
}
