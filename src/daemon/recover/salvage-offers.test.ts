import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../../base/sqlite-database.ts";
import { salvageInbox } from "./salvage-inbox.ts";

const migrations = fileURLToPath(new URL("../../../migrations/daemon/inbox", import.meta.url));
const bob = "b".repeat(64);

test("an inbox that is made anew keeps what was put into sessions, and who is kept out of them", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-salvage-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [path, fresh] = [join(folder, "inbox.db"), join(folder, "fresh.db")];
  const old = openDatabase(path, migrations);
  const offer = old.prepare(
    `INSERT INTO agent_offer (agent, inbox_id, state, way, kind, session_id, offer_id, offers, notice, released, lease_until, offered_at, changed_at)
     VALUES (?, ?, ?, 'hook', 'claude-code', 's-1', ?, 1, 0, 0, 99, 1, 2)`,
  );
  for (const [id, state] of ["injected", "read", "offered", "held", "denied", "no such state"].entries())
    offer.run("builder", id + 1, state, `offer-${id}`);
  offer.run("no name", 7, "read", "offer-7");
  const policy = old.prepare("INSERT INTO sender_policy (agent, sender, policy, until, set_at) VALUES (?, ?, ?, ?, 1)");
  policy.run("", bob, "block", null);
  policy.run("builder", bob, "mute", 99);
  policy.run("", "nobody", "block", null);
  policy.run("tester", bob, "shout", null);
  old.close();

  const readable = new DatabaseSync(path, { readOnly: true });
  salvageInbox({ path, readable, fresh, migrations });
  readable.close();

  const made = new DatabaseSync(fresh, { readOnly: true });
  const rows = (sql: string) =>
    made
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  assert.deepEqual(rows("SELECT inbox_id, state, lease_until FROM agent_offer ORDER BY inbox_id"), [
    { inbox_id: 1, state: "injected", lease_until: null },
    { inbox_id: 2, state: "read", lease_until: null },
    { inbox_id: 3, state: "waiting", lease_until: null },
    { inbox_id: 4, state: "waiting", lease_until: null },
    { inbox_id: 5, state: "denied", lease_until: null },
  ]);
  assert.deepEqual(rows("SELECT agent, sender, policy, until FROM sender_policy ORDER BY agent"), [
    { agent: "", sender: bob, policy: "block", until: null },
    { agent: "builder", sender: bob, policy: "mute", until: 99 },
  ]);
  made.close();
});
