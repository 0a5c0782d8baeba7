/**
 * What a message takes on the disk of PostgreSQL: rows and indexes of a message and of its record by the tables' own sizes, and
 * what it adds to the log of the server, which a backup archives. Random text, so nothing is gained by compression.
 * `node bench/disk-use.ts [--count 102400]`
 */
import { parseArgs } from "node:util";
import { machine } from "./ceilings.ts";
import { printTable } from "./figures.ts";
import { startPostgres } from "./postgres.ts";
import { measureStoreAccept } from "./store-accept.ts";

const { values } = parseArgs({ options: { count: { type: "string", default: "102400" } } });
const shape = { batch: 256, meshes: 1, connections: 1 };
const server = await startPostgres();
try {
  process.stdout.write(`${machine()}, PostgreSQL ${server.version}, bodies of 300 bytes, direct messages\n`);
  const database = await server.createDatabase("bench");
  const from = await database.psql("SELECT pg_current_wal_lsn();\n");
  await measureStoreAccept(database.url, { ...shape, count: Number(values.count) });
  const count = Number(await database.psql("SELECT count(*) FROM mesh.message_queue;\n"));
  const log = Number(await database.psql(`SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '${from}');\n`));
  const sizes = await database.psql(
    `SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
      WHERE relnamespace = 'mesh'::regnamespace AND relkind = 'r' AND pg_table_size(oid) > 1000000 ORDER BY relname;\n`,
  );
  const perMessage = (bytes: number): string => Math.round(bytes / count).toLocaleString("en");
  const rows = sizes.split("\n").map((line) => {
    const [table = "", data, indexes] = line.split("|");
    return [table, perMessage(Number(data)), perMessage(Number(indexes))];
  });
  printTable(["bytes a message", "rows", "indexes"], [...rows, ["the server's log (WAL)", perMessage(log), ""]]);
} finally {
  await server.stop();
}
