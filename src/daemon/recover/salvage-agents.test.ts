import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "../../../test/support/temp-folder.ts";
import { agentHost, claude, report } from "../agents/agents.fixture.ts";
import { salvageInbox } from "./salvage-inbox.ts";

const migrations = fileURLToPath(new URL("../../../migrations/daemon/inbox", import.meta.url));

test("agents outlive a damaged inbox as far as they can be read, and what means nothing of them does not", async (t) => {
  const folder = tempFolder(t);
  const [path, fresh] = [join(folder, "inbox.db"), join(folder, "fresh.db")];
  const before = await agentHost(path);
  await before.agents.report(claude("1"), report({ process: "1:1" }));
  await before.agents.rename("shop", "reviewer");
  await before.agents.addTopic("reviewer", "ops");
  await before.agents.attach("writer", { project: "/home/ada/docs", kind: "codex" });
  await before.agents.ended(claude("1"));
  const shown = before.agents.list();
  await before.stop();
  const other = new DatabaseSync(path);
  other.exec(
    `INSERT INTO agent VALUES ('No Name', '', '', 0, 0, NULL), ('x', 'a' || char(10), '', 0, 0, NULL), ('y', '', '', 0, -1, NULL);
     INSERT INTO agent_former_name VALUES ('old', 'nobody', 0), ('writer', 'reviewer', 0), ('a/b', 'reviewer', 0);
     INSERT INTO agent_topic VALUES ('nobody', 'ops', 0), ('writer', 'no topic', 0);
     INSERT INTO agent_session VALUES ('codex', '1', 'nobody', '', '', '', 0, 0, 0, 0, NULL), ('codex', '2', 'writer', '', '', '', 0, -5, 0, 0, NULL)`,
  );
  const readable = other;
  salvageInbox({ path, readable, fresh, migrations });
  other.close();
  const after = await agentHost(fresh);
  t.after(() => after.stop());
  assert.deepEqual(after.agents.list(), shown);
  assert.equal((await after.agents.report(claude("1"), report({ source: "resume" }))).agent, "reviewer");
});
