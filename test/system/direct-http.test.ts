import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { ok } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";

interface Made {
  readonly key: string;
  readonly key_id: string;
  readonly url: string;
}

/** One request of the mesh that the key is of. */
function ask(made: Made, method: string, path: string, body?: unknown, headers = {}) {
  const { pathname, port } = new URL(made.url);
  return httpCall({ port: Number(port), token: made.key }, method, `${pathname}${path}`, {
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

test("an operator makes a key, an owner opens a topic, and what the key sends comes once through a killed broker, marked for what it is", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["topic", "create", "alerts"]));
  ok(await bob.run(["topic", "join", "alerts"]));
  const refused = await bob.run(["topic", "open", "alerts", "--unsealed"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /only owners and admins of the mesh open a topic or queue.*not_allowed/s);
  assert.equal((await alice.run(["topic", "open", "alerts"])).code, 2, "it is said on purpose");
  const made = JSON.parse(ok(await alice.run(["apikey", "create", "grafana", "--to", "#alerts", "--json"]))) as Made;
  const send = () =>
    ask(
      made,
      "POST",
      "/messages",
      { to: "#alerts", message: "disk is full", mentions: ["@bob"] },
      { "idempotency-key": "disk-1" },
    );
  assert.deepEqual([(await send()).status, (await send()).json["code"]], [400, "unsealed_body"]);
  assert.match(ok(await alice.run(["topic", "open", "#alerts", "--unsealed"])), /open for unsealed/);
  assert.match(ok(await bob.run(["topic", "list"])), /OPEN FOR\n(.*\n)*#alerts .*unsealed messages of API keys/);

  ok(await bob.run(["daemon", "down"]));
  const first = await send();
  assert.equal(first.status, 201, first.text);
  const { pid } = (await alice.status()).broker;
  process.kill(Number(pid), "SIGKILL");
  ok(await alice.run(["broker", "up"]));
  const again = await send();
  assert.deepEqual([again.status, again.json["broker_message_id"]], [200, first.json["broker_message_id"]]);
  // Closed before bob is back: what was accepted while it was open is still his to read.
  ok(await alice.run(["topic", "close", "alerts"]));
  assert.equal(
    (await ask(made, "POST", "/messages", { to: "#alerts", message: "late" })).json["code"],
    "unsealed_body",
  );
  assert.equal((await send()).status, 200);
  ok(await bob.run(["daemon", "up"]));
  ok(await bob.run(["watch", "--unread", "--count", "1", "--timeout", "60s"]));
  const mark = /@alice → #alerts .*\[(?:unread, )?by an API key, not signed, not encrypted\]\n {2}disk is full\n/;
  for (const words of [["inbox"], ["mentions"], ["history", "#alerts"], ["mentions", "--broker"], ["search", "disk"]])
    assert.match(ok(await bob.run(words)), mark, words.join(" "));
  assert.equal(ok(await bob.run(["inbox", "--from", "@alice"])), "", "who asks for alice's means what she has signed");
  const shown = ok(await bob.run(["inbox", "show", "1"]));
  assert.match(shown, /not signed: it is the broker's word/);
  assert.ok(shown.includes(`API key ${made.key_id}`));
  const { items } = JSON.parse(ok(await bob.run(["inbox", "--json"]))) as { items: Record<string, unknown>[] };
  assert.deepEqual(
    items.map(({ verified, encrypted, via }) => [verified, encrypted, via]),
    [[false, false, `api:${made.key_id}`]],
  );
  const exec = 'echo "$CLAUDEMESH_FROM|$CLAUDEMESH_VIA"';
  const ran = ok(await bob.run(["watch", "--unread", "--exec", exec, "--count", "1"]));
  assert.equal(ran.trim(), `@alice via api:${made.key_id}|api:${made.key_id}`);

  assert.match(
    ok(await alice.run(["apikey", "list"])),
    new RegExp(`${made.key_id} +grafana +open +@alice +send +#alerts`),
  );
  assert.match(ok(await alice.run(["apikey", "revoke", "grafana"])), /^revoked /);
  assert.deepEqual([(await send()).status, (await send()).json["detail"]], [401, "this API key was revoked"]);
  assert.equal((await alice.run(["apikey", "revoke", "grafana"])).code, 7);
  const secret = made.key.slice("cmk_".length + 33);
  for (const host of [alice, bob])
    for (const file of readdirSync(host.home, { recursive: true, withFileTypes: true, encoding: "utf8" })) {
      if (!file.isFile()) continue;
      const path = join(file.parentPath, file.name);
      assert.equal(readFileSync(path).includes(secret), false, path);
    }
});

test("a command of `queue work` is told by its environment that a message came by an API key, and takes nobody's address for its sender's", async (t) => {
  const { alice, bob } = await cliPair(t);
  ok(await alice.run(["queue", "create", "jobs"]));
  ok(await alice.run(["queue", "open", "jobs", "--unsealed"]));
  const noted = await alice.run(["apikey", "create", "both", "--to", "queue:jobs", "--to", "alerts"]);
  assert.match(
    noted.stderr,
    /only what is open .*: claudemesh topic open alerts --unsealed, claudemesh queue open jobs --unsealed\n/,
  );
  const created = await alice.run(["apikey", "create", "hook", "--to", "queue:jobs", "--json"]);
  const made = JSON.parse(ok(created)) as Made;
  assert.equal((await ask(made, "POST", "/messages", { to: "queue:jobs", message: "build" })).status, 201);
  const work = (): ReturnType<typeof bob.run> =>
    bob.run(["queue", "work", "jobs", "--count", "1", "--", "sh", "-c", 'echo "$CLAUDEMESH_FROM|$CLAUDEMESH_VIA"'], {
      env: { CLAUDEMESH_VIA: "api:forged" },
    });
  assert.equal(ok(await work()), `@alice via api:${made.key_id}|api:${made.key_id}\n`);
  ok(await alice.run(["send", "queue:jobs", "signed", "--wait", "accepted"]));
  assert.equal(ok(await work()), "@alice|\n");
});

test("upkeep by hand says what it did, and a finding of the check is exit code 1", async (t) => {
  const { alice } = await cliPair(t);
  assert.match(
    ok(await alice.run(["broker", "upkeep", "retention", "--dry-run"])),
    /^retention would do: messages 0, /,
  );
  assert.deepEqual(JSON.parse(ok(await alice.run(["broker", "upkeep", "mentions", "--json"]))), {
    job: "mentions",
    dry_run: false,
    report: { added: 0, removed: 0 },
  });
  const wrong = await alice.run(["broker", "upkeep", "mention"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean .*mentions/);
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(join(alice.home, "broker", "broker.db"));
  db.exec("INSERT INTO mention_index SELECT mesh_id, 'x', 99 FROM mesh");
  db.close();
  const found = await alice.run(["broker", "upkeep", "check"]);
  assert.deepEqual([found.code, found.stdout], [1, "check: findings 1, mention without message 1\n"]);
  assert.equal(ok(await alice.run(["broker", "upkeep", "mentions"])), "mentions: added 0, removed 1\n");
  assert.equal(ok(await alice.run(["broker", "upkeep", "check"])), "check: findings 0\n");
  ok(await alice.run(["broker", "down"]));
  for (const words of [
    ["broker", "upkeep", "check"],
    ["apikey", "list"],
  ])
    assert.equal((await alice.run(words)).code, 3);
});
