import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { redisServer } from "../../src/broker/testing/redis-server.ts";
import { serverPrograms, startPostgres } from "../../src/broker/testing/postgres-server.ts";
import { ok } from "../support/claudemesh.ts";
import { onEnd } from "../support/on-end.ts";
import { bytesOfFolder, tracesIn } from "../support/planted.ts";
import { plantedMesh } from "../support/planted-mesh.ts";
import { run } from "../support/run.ts";
import { tempFolder } from "../support/temp-folder.ts";

test("a broker over PostgreSQL keeps, logs, counts and answers nothing of what was said, and no key of anybody", async (t) => {
  const postgres = await startPostgres();
  onEnd(t, () => postgres.remove());
  const redis = await redisServer({ after: (end: () => Promise<void>) => onEnd(t, end) } as unknown as TestContext);
  const databaseUrl = await postgres.createDatabase();
  const directory = tempFolder(t);
  const { broker, contents, secrets, logs, answers } = await plantedMesh(t, {
    databaseUrl,
    redisUrl: redis.url,
    files: { store: "disk", directory },
  });
  const planted = [...contents, ...secrets];
  const dump = ok(await run(join(serverPrograms(), "pg_dump"), ["--dbname", databaseUrl, "--no-owner"]));
  assert.match(dump, /^COPY \S+message\S* /m);
  assert.ok(dump.includes("plans"), "the names that a broker sees are there");
  assert.deepEqual(tracesIn(Buffer.from(dump), planted), []);
  assert.deepEqual(tracesIn(bytesOfFolder(broker.dataDir, /^deployment_key\.json$/), planted), []);
  const kept = bytesOfFolder(directory, /^$/);
  assert.ok(kept.length > 0);
  assert.deepEqual(tracesIn(kept, planted), []);
  assert.deepEqual(tracesIn(Buffer.from(logs.broker), planted), []);
  assert.deepEqual(tracesIn(Buffer.from(answers), planted), []);
});
