import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { apiRoutes } from "../../src/daemon/localapi/routes.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { host, ok } from "../support/claudemesh.ts";
import { bytesOfFolder, plantedText, secretsOfHome, tracesIn } from "../support/planted.ts";
import { plantedMesh } from "../support/planted-mesh.ts";

test("a broker over SQLite keeps, logs, counts and answers nothing of what was said, and no key of anybody", async (t) => {
  const { broker, daemons, contents, secrets, logs, answers } = await plantedMesh(t);
  const planted = [...contents, ...secrets];
  // Its own key, and what it does not serve: everything else in its folder counts.
  const files = bytesOfFolder(broker.dataDir, /^deployment_key\.json$/);
  const tables = Buffer.from(everyTable(join(broker.dataDir, "broker.db")));
  assert.ok(files.includes("plans") && tables.includes("plans"), "the names that a broker sees are there");
  assert.deepEqual(tracesIn(files, planted), []);
  assert.deepEqual(tracesIn(tables, planted), []);
  assert.deepEqual(tracesIn(Buffer.from(logs.broker), planted), []);
  assert.deepEqual(tracesIn(Buffer.from(answers), planted), []);
  const inbox = bytesOfFolder(daemons.bob.dir, /^(?!inbox\.db)/);
  assert.deepEqual(tracesIn(inbox, contents.slice(0, 2)).length, 2, "whoever received it has it, and so it is found");
});

test("a daemon tells no key: not in its logs, its metrics, or any answer", async (t) => {
  const { daemons, contents, secrets, logs } = await plantedMesh(t);
  const kept = Buffer.from(logs.daemons);
  assert.ok(kept.includes("link up"));
  assert.deepEqual(tracesIn(kept, [...contents, ...secrets]), []);
  const { alice, bob } = daemons;
  // The table is asked for its paths only; none of its handlers runs here.
  const paths = apiRoutes({} as Parameters<typeof apiRoutes>[0])
    .routes.filter(({ method, path }) => method === "GET" && path !== "/v1/events" && !path.startsWith("/v1/files/"))
    .map(({ path }) => path);
  assert.ok(paths.length >= 15);
  const values = { row: "1", id: "direct", member: "@bob", topic: "plans", queue: "jobs" };
  const queries: Readonly<Record<string, string>> = {
    "/v1/history": "?address=%23plans",
    "/v1/inbox/search": "?q=topic",
  };
  let told = "";
  for (const { daemon } of [alice, bob])
    for (const path of paths) {
      const filled = Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), path);
      const { status, text } = await httpCall(
        { socketPath: daemon.socketPath },
        "GET",
        `${filled}${queries[path] ?? ""}`,
      );
      told += `GET ${path} ${status}\n${text}\n`;
    }
  assert.match(told, /GET \/v1\/metrics 200/);
  // An invite's own link is told to whoever makes it, and by no later answer.
  assert.deepEqual(tracesIn(Buffer.from(told), secrets), []);
});

test("no running process has a key, a body or a token among its words, or in its log file", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const said = plantedText("through the pipe");
  ok(await alice.run(["send", "@alice", "-"], { input: said.text }));
  ok(await alice.run(["watch", "--unread", "--count", "1", "--timeout", "60s"]));
  const { broker, daemons } = (await alice.status()) as unknown as {
    broker: { pid: number };
    daemons: { pid: number }[];
  };
  const pids = [broker.pid, ...daemons.map(({ pid }) => pid)];
  assert.ok(pids.length >= 2);
  const homes = readdirSync(join(alice.home, "daemon")).map((name) => join(alice.home, "daemon", name));
  const planted = [said, ...homes.flatMap(secretsOfHome)];
  assert.ok(planted.length > 3);
  for (const pid of pids)
    for (const part of ["cmdline", "environ"])
      assert.deepEqual(tracesIn(readFileSync(`/proc/${pid}/${part}`), planted), [], part);
  const logs = bytesOfFolder(alice.home, /^(?!.*\.log)/);
  assert.ok(logs.length > 0);
  assert.deepEqual(tracesIn(logs, planted), []);
});

/** Every value of every table, as text; bytes in hex. */
function everyTable(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
    const rows = tables.flatMap(({ name }) => db.prepare(`SELECT * FROM "${name}"`).all());
    return JSON.stringify(rows, (_, value: unknown) =>
      value instanceof Uint8Array
        ? Buffer.from(value).toString("hex")
        : typeof value === "bigint"
          ? String(value)
          : value,
    );
  } finally {
    db.close();
  }
}
