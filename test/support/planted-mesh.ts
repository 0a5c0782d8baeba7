import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Log } from "../../src/base/log.ts";
import { httpCall } from "../../src/http/http-call.fixture.ts";
import { parseInvite } from "../../src/protocol/invite.ts";
import type { TestBroker, TestBrokerOptions } from "./broker.ts";
import type { TestDaemon } from "./daemon.ts";
import { eventsUntil } from "./hostile-mesh.ts";
import { mesh } from "./mesh.ts";
import { type Planted, plantedSecret, plantedText, secretsOfHome } from "./planted.ts";

/** A mesh in which everything was said and done that must not be seen elsewhere, and what it was. */
export interface PlantedMesh {
  readonly broker: TestBroker;
  readonly daemons: Readonly<Record<"alice" | "bob", TestDaemon>>;
  /** Bodies and file contents. */
  readonly contents: readonly Planted[];
  /** Keys, seeds and tokens. */
  readonly secrets: readonly Planted[];
  /** All that the broker has logged, and all that the daemons have. */
  readonly logs: { readonly broker: string; readonly daemons: string };
  /** Every answer of the broker to a GET, on both its sockets, metrics included. */
  readonly answers: string;
}

export async function plantedMesh(t: TestContext, options: TestBrokerOptions = {}): Promise<PlantedMesh> {
  const logs = { broker: "", daemons: "" };
  const keep = (of: keyof typeof logs): Log => {
    const at = (fields: Record<string, unknown>, message: string): void => {
      logs[of] +=
        `${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? `${value.stack}` : value))} ${message}\n`;
    };
    return { debug: at, info: at, warn: at, error: at };
  };
  const { broker, daemons } = await mesh(t, ["alice", "bob"], {
    broker: { ...options, log: keep("broker") },
    daemon: { log: keep("daemons"), http: true },
  });
  const { alice, bob } = daemons;
  const texts = ["direct", "topic", "queue", "file", "refused", "unsealed"].map(plantedText);
  const [direct, topic, queue, file, refused, unsealed] = texts;
  assert.ok(direct && topic && queue && file && refused && unsealed);

  await alice.client.topics.create("plans");
  await bob.client.topics.join("plans");
  await alice.client.queues.create("jobs");
  const { file_id } = await alice.client.files.put({
    name: "plan.txt",
    bytes: file.bytes.length,
    chunks: pieces(file.bytes),
  });
  await alice.client.send({
    to: "@bob",
    message: direct.text,
    attachments: [{ file_id }],
    client_message_id: "direct",
  });
  await alice.client.send({ to: "#plans", message: topic.text, mentions: ["@bob"] });
  await alice.client.send({ to: "queue:jobs", message: queue.text });
  const shows = ({ text }: { text: string }) =>
    eventsUntil(bob, ({ event, data }) => event === "message" && data["message"] === text);
  const item = (await shows(direct)).at(-1)?.data as unknown as { inbox_id: number; history_id: number };
  await shows(topic);
  const taken = await bob.client.files.take(item.inbox_id, file_id);
  for await (const chunk of taken.chunks) assert.ok(file.bytes.includes(chunk));
  const [claimed] = await bob.client.queues.claim("jobs", { wait_s: 20 });
  assert.ok(claimed !== undefined && "message" in claimed && claimed.message === queue.text);
  await bob.client.queues.ack("jobs", claimed.lease_id);
  await alice.client.waitFor("direct", "delivered");

  const { link } = await alice.client.invites.create({ uses: 2 });
  const { mesh_id: meshId, slug } = await meshOf(broker);
  const apiKey = await broker.admin.createApiKey(meshId, { name: "watch", scopes: ["send", "read"] });
  const port = Number(new URL(broker.broker.url).port);
  const keyed = { port, token: apiKey.key };
  const meshPath = `/v1/meshes/${meshId}`;
  const unsealedSend = { to: "#plans", message: unsealed.text };
  const answer = await httpCall(keyed, "POST", `${meshPath}/messages`, { body: unsealedSend });
  assert.equal(answer.json["code"], "unsealed_body");
  // A body in a place where none belongs, and with a token that is none.
  await httpCall({ port, token: `${apiKey.key.slice(0, -1)}x` }, "POST", `${meshPath}/messages`, {
    body: { message: refused.text },
  });
  await httpCall(keyed, "POST", `${meshPath}/messages`, {
    body: { to: "#nowhere", message: refused.text, wrong: refused.text },
  });

  const admin = { socketPath: broker.broker.adminSocket };
  const asked = [
    ...["/healthz", "/readyz", "/metrics", "/v1/broker", "/openapi.json"].map((path) => [{ port }, path] as const),
    ...["/messages/direct", "/topics/plans/messages", "/mentions", "/members"].map(
      (path) => [keyed, `${meshPath}${path}`] as const,
    ),
    ...["/v1/status", "/v1/ready", "/v1/meshes", "/metrics", `${meshPath}/membership`, `${meshPath}/api_keys`].map(
      (path) => [admin, path] as const,
    ),
  ];
  let answers = "";
  for (const [where, path] of asked) {
    const { status, text } = await httpCall(where, "GET", path);
    answers += `GET ${path} ${status}\n${text}\n`;
  }
  assert.match(answers, /cm_broker_/);
  assert.ok(answers.includes(slug));
  const secrets = [
    ...[alice, bob].flatMap(({ dir }) => secretsOfHome(dir)),
    { what: "an invite's seed", bytes: Buffer.from(parseInvite(link).seed) },
    plantedSecret("an API key", apiKey.key),
  ];
  for (const what of ["ed25519_privkey", "x25519_privkey", "sealing_secret", "key of a topic", "local token"])
    assert.ok(
      secrets.some((secret) => secret.what === what),
      what,
    );
  return { broker, daemons, contents: texts, secrets, logs, answers };
}

async function meshOf(broker: TestBroker): Promise<{ readonly mesh_id: string; readonly slug: string }> {
  const [mesh] = await broker.admin.meshes();
  assert.ok(mesh !== undefined);
  return mesh;
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
