import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { docPages } from "../support/doc-page.ts";
import { postgresMesh } from "../support/postgres-mesh.ts";

/** The statements that docs/operations.md gives to an operator, in their order. */
const statements = (docPages().find(({ path }) => path === "docs/operations.md")?.blocks ?? [])
  .filter(({ language }) => language === "sql")
  .map(({ text }) => text);

test("what the runbook asks the database after an upgrade shows the migrations, a daemon's send with its id, and no message without record", async (t) => {
  const mesh = await postgresMesh(t, ["ops"]);
  const sent = await mesh.daemons.ops.client.send({ to: "@ops", message: "after the upgrade" });
  await mesh.daemons.ops.client.waitFor(sent.client_message_id, "accepted");
  assert.equal(statements.length, 3);
  const [migrations, lastSends, withoutRecord] = await Promise.all(statements.map((text) => mesh.sql(text)));
  assert.deepEqual(
    migrations?.map((row) => row["name"]),
    readdirSync(new URL("../../migrations/broker/postgres", import.meta.url)).sort(),
  );
  const [newest] = lastSends ?? [];
  // A caller-chosen id travels with the beginning of its member.
  assert.ok(String(newest?.["client_message_id"]).endsWith(`:${sent.client_message_id}`));
  assert.match(String(newest?.["request_fingerprint"]), /^[0-9a-f]{64}$/);
  assert.equal(Number(withoutRecord?.[0]?.["without_record"]), 0);
  await mesh.sql("DELETE FROM mesh.client_message_dedupe");
  assert.equal(Number((await mesh.sql(statements[2] ?? ""))[0]?.["without_record"]), 1);
});
