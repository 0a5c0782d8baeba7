import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { apiRoutes } from "../../src/daemon/localapi/routes.ts";
import { daemon } from "../support/daemon.ts";
import { linked, mesh } from "../support/mesh.ts";

test("no route of the local API, of the broker's port or of its admin socket ever shows key material", async (t) => {
  const { broker, daemons } = await mesh(t, ["alice", "bob"]);
  await daemons.alice.daemon.stop();
  const alice = await daemon(t, { dir: daemons.alice.dir, http: true });
  await linked(alice);
  await alice.client.send({ to: "@bob", message: "hello", client_message_id: "one" });
  await alice.client.waitFor("one", "delivered");

  const secrets = [alice.dir, daemons.bob.dir, broker.dataDir].flatMap(secretsOf);
  assert.ok(secrets.length >= 9, "every host has some");
  const local = { socketPath: alice.daemon.socketPath };
  // The table is asked for its paths only; none of its handlers runs here.
  const paths = apiRoutes({} as Parameters<typeof apiRoutes>[0]).routes.filter(
    (route) => route.method === "GET" && route.path !== "/v1/events",
  );
  assert.ok(paths.length >= 12);
  const asked: { where: object; path: string }[] = [
    ...paths.map(({ path }) => ({ where: local, path: path.replace("{row}", "1").replace("{id}", "one") })),
    { where: local, path: "/v1/history?address=@bob" },
    { where: local, path: "/v1/inbox/search?q=hello" },
    ...["/healthz", "/readyz", "/metrics"].map((path) => ({
      where: { port: Number(new URL(broker.broker.url).port) },
      path,
    })),
    ...["/v1/status", "/v1/meshes"].map((path) => ({ where: { socketPath: broker.broker.adminSocket }, path })),
  ];
  let shown = "";
  for (const { where, path } of asked) shown += `${path}\n${await get(where, path)}\n`;
  const read = new AbortController();
  for await (const event of alice.client.events({ after: 0, signal: read.signal })) {
    shown += JSON.stringify(event);
    if (event.event === "receipt" && event.data["stage"] === "delivered") read.abort();
  }
  assert.match(shown, /"member_id"/);
  for (const secret of secrets) assert.ok(!shown.includes(secret), "a response holds a secret");
});

/** Every secret value of a host's files, in the encodings it might be shown in. */
function secretsOf(folder: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync(folder)) {
    if (!/^(keypair\.json|deployment_key\.json|local_token)$/.test(name)) continue;
    const text = readFileSync(join(folder, name), "utf8").trim();
    if (name === "local_token") found.push(text);
    else
      for (const [field, value] of Object.entries(JSON.parse(text) as Record<string, unknown>))
        if (/priv|secret|seed/.test(field) && typeof value === "string")
          found.push(
            value,
            Buffer.from(value, "base64url").toString("hex"),
            Buffer.from(value, "base64url").toString("base64"),
          );
  }
  return found;
}

function get(where: object, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject).end();
  });
}
