import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { text } from "node:stream/consumers";
import { existsSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { adminClient } from "../../src/bin/admin-client.ts";
import { onServer, sharedPostgres, startPostgres } from "../../src/broker/testing/postgres-server.ts";
import { onEnd } from "../support/on-end.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { tempFolder } from "../support/temp-folder.ts";

const server = sharedPostgres();

/** `claudemesh broker` in the foreground; resolves once its log says that it runs, rejects with its last words. */
async function foreground(alice: TestHost, env: Record<string, string>, args: readonly string[] = []) {
  const child = alice.start(["broker", ...args], { env });
  let said = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const runs = new Promise<void>((resolve) => {
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes('"started":true')) resolve();
    });
  });
  const gone = ended.then((code) => {
    throw new Error(`ended with ${String(code)}: ${said}`);
  });
  await Promise.race([runs, gone]);
  gone.catch(() => undefined);
  return {
    log: () => said,
    /** Resolves once the log has the text. */
    async says(text: string): Promise<void> {
      while (!said.includes(text)) await Promise.race([once(child.stderr as Readable, "data"), gone]);
    },
    async stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

async function refusal(alice: TestHost, env: Record<string, string>): Promise<string> {
  const ran = await alice.run(["broker"], { env });
  assert.notEqual(ran.code, 0);
  return ran.stderr;
}

test("claudemesh broker runs the embedded broker in the foreground, logs to stderr, and stops in good order", async (t) => {
  const alice = host(t, "alice");
  const broker = await foreground(alice, {});
  assert.equal((await alice.status()).broker.state, "running");
  assert.ok(existsSync(join(alice.home, "broker", "broker.db")));
  assert.equal(await broker.stop(), 0);
  assert.match(broker.log(), /the broker has stopped/);
});

test("where it could not listen is not recorded, nor what a second one asks for beside one that runs", async (t) => {
  const alice = host(t, "alice");
  const nowhere = await alice.run(["broker", "--listen", "192.0.2.1:8787"]);
  assert.deepEqual(
    [nowhere.code, /cannot listen on 192\.0\.2\.1:8787/.test(nowhere.stderr)],
    [11, true],
    nowhere.stderr,
  );
  const broker = await foreground(alice, {});
  const second = await alice.run(["broker", "--listen", "192.0.2.1:8787"]);
  assert.deepEqual([second.code, /Another broker runs/.test(second.stderr)], [10, true], second.stderr);
  assert.equal(await broker.stop(), 0);
  assert.ok(!existsSync(join(alice.home, "broker", "listen.json")));
  ok(await alice.run(["broker", "up"]));
  ok(await alice.run(["broker", "down"]));
});

test("an address that is not one of PostgreSQL is refused as that, asked of nobody, and not repeated", async (t) => {
  const alice = host(t, "alice");
  for (const DATABASE_URL of ["nonsense-secret", "mysql://me:secret@127.0.0.1/db", "postgres://[me:secret/db"]) {
    const ran = await alice.run(["broker"], { env: { DATABASE_URL } });
    assert.equal(ran.code, 11, ran.stderr);
    assert.match(ran.stderr, /\nbroker: the address of the database cannot be read\n {2}postgres:\/\/USER/);
    assert.ok(!ran.stderr.includes("secret"));
  }
});

test("a word that is no command of the broker is told with what is near it, and with nothing where nothing is", async (t) => {
  const alice = host(t, "alice");
  const hint = async (word: string) => (await alice.run(["broker", word])).stderr.split("\n")[1];
  assert.equal(await hint("upp"), "hint: did you mean `claudemesh broker up`?");
  assert.equal(await hint("foo"), "hint: claudemesh help broker");
});

test("with DATABASE_URL it keeps its messages there, and a home's broker is never silently exchanged for another", async (t) => {
  const database = await (await server()).createEmptyDatabase();
  const alice = host(t, "alice");
  const broker = await foreground(alice, { DATABASE_URL: database });
  const { mesh_id } = await adminClient(join(alice.home, "broker")).mesh("local");
  assert.equal(await broker.stop(), 0);
  assert.ok(!existsSync(join(alice.home, "broker", "broker.db")));
  assert.ok(!broker.log().includes(database), "the address with its password is in no log");

  assert.match(await refusal(alice, {}), /DATABASE_URL is not set/);
  assert.match((await alice.run(["broker", "up"])).stderr, /DATABASE_URL is not set/);
  ok(await alice.run(["broker", "up"], { env: { DATABASE_URL: database } }));
  assert.equal((await adminClient(join(alice.home, "broker")).mesh("local")).mesh_id, mesh_id);

  const embedded = host(t, "embedded");
  // A variable of some other program is none of this one's business.
  ok(await embedded.up());
  const other = host(t, "other");
  const up = await other.run(["up", "--persistent", "--name", "other"], { env: { DATABASE_URL: database } });
  ok(up);
  assert.ok(existsSync(join(other.home, "broker", "broker.db")));
  ok(await other.run(["down"]));
  assert.match(await refusal(other, { DATABASE_URL: database }), /would leave them behind/);
});

test("brokers of one deployment share its folder; one with another key is refused by the database", async (t) => {
  const database = await (await server()).createEmptyDatabase();
  const shared = join(tempFolder(t), "deployment");
  const env = { DATABASE_URL: database, CLAUDEMESH_DEPLOYMENT_DIR: shared };
  const [alice, bob, mallory] = [host(t, "alice"), host(t, "bob"), host(t, "mallory")];
  const brokers = await Promise.all([foreground(alice, env), foreground(bob, env)]);
  const keys = await Promise.all(
    [alice, bob].map(async ({ home }) => (await adminClient(join(home, "broker")).status()).broker_key),
  );
  assert.equal(keys[0], keys[1]);
  assert.equal(JSON.parse(readFileSync(join(shared, "deployment_key.json"), "utf8")).schema_version, 1);
  assert.match(await refusal(mallory, { DATABASE_URL: database }), /another deployment key/);
  for (const broker of brokers) assert.equal(await broker.stop(), 0);
});

test("while the database is away the broker is known to run, doctor and log say what is wrong, and other hosts are shown no address of it", async (t) => {
  const database = await startPostgres();
  onEnd(t, () => database.remove());
  const alice = host(t, "alice");
  const broker = await foreground(alice, { DATABASE_URL: database.url() }, ["--listen", "127.0.0.1:0", "--tls"]);
  await database.stop("immediate");
  await broker.says("the store fails what this broker asks of it");
  assert.equal((await alice.status()).broker.state, "running");
  const doctor = await alice.run(["doctor"]);
  assert.match(doctor.stdout, /must not get traffic: .*ECONNREFUSED.*\n.*is PostgreSQL running/);
  const { exposed } = await adminClient(join(alice.home, "broker")).status();
  const outside = { host: "127.0.0.1", port: exposed?.port ?? 0, path: "/readyz", rejectUnauthorized: false };
  const [answer] = (await once(get(outside), "response")) as [IncomingMessage];
  const shown = await text(answer);
  assert.match(shown, /store_unavailable/);
  assert.doesNotMatch(shown, new RegExp(`ECONNREFUSED|${database.port}`));
  await database.start();
  await broker.says("the store answers again");
  // The server still answers; what it became, a standby or one that is being moved, takes nothing.
  await onServer(database.url(), async (client) => {
    await client.query("ALTER SYSTEM SET default_transaction_read_only = on");
    await client.query(
      "SELECT pg_reload_conf(), pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'claudemesh-broker'",
    );
  });
  for (let said = ""; !said.includes("it must lead to the primary"); ) said = (await alice.run(["doctor"])).stdout;
  assert.equal(await broker.stop(), 0);
  const stopped = await alice.run(["doctor"]);
  assert.match(stopped.stdout, /messages are in PostgreSQL, and DATABASE_URL is not set here/);
});

test("a broker that lacks what its service sets is told which variables they are, before anything else that is then missing", async (t) => {
  const database = await (await server()).createDatabase();
  const shared = join(tempFolder(t), "deployment");
  const alice = host(t, "alice");
  const env = { DATABASE_URL: database, CLAUDEMESH_DEPLOYMENT_DIR: shared };
  assert.equal(await (await foreground(alice, env)).stop(), 0);
  assert.match(await refusal(alice, {}), /DATABASE_URL is not set.*\n.*CLAUDEMESH_DEPLOYMENT_DIR/);
  assert.match(
    await refusal(alice, { DATABASE_URL: database }),
    /deployment_key\.json is missing.*\n.*CLAUDEMESH_DEPLOYMENT_DIR/,
  );
  const wrong = new URL(database);
  wrong.pathname = "/nowhere";
  assert.match(await refusal(alice, { ...env, DATABASE_URL: wrong.href }), /"nowhere" does not exist.*\n.*createdb/);
});
