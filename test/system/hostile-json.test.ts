import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { WebSocket } from "ws";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { connectPeer, envelopeOf, sealedShared } from "../../src/broker/testing/peer.ts";
import { main } from "../../src/cli/main.ts";
import { connect } from "../../src/client/connect.ts";
import { type Answer, httpCall, type Target } from "../../src/http/http-call.fixture.ts";
import { apiKey, directIds, directSamples } from "../support/api-walk/direct-caller.ts";
import { type DescribedOperation, describedApi } from "../support/api-walk/described-api.ts";
import { ownedMesh } from "../support/api-walk/owned-mesh.ts";
import { host, ok } from "../support/claudemesh.ts";
import { type HostileJson, hostileBodies, hostileMetas, withRaw } from "../support/hostile-json.ts";
import { linked } from "../support/mesh.ts";
import { type Ran, run } from "../support/run.ts";
import { brokerProcess, daemonProcess } from "../support/program-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Operations of a description that take JSON. */
function takingJson(name: Parameters<typeof describedApi>[0]): DescribedOperation[] {
  return [...describedApi(name).operations.values()].filter(({ body }) => body !== null);
}

/** A path with its parameters filled in: before they are looked at, the body has been refused. */
function filled({ path }: DescribedOperation, meshId: string): string {
  return path.replace("{mesh_id}", meshId).replace(/\{\w+\}/g, "1");
}

/** In place of a query parameter: no UTF-8, by itself, overlong, a surrogate, cut short. */
const badQueries = ["%ff", "a%c0%afb", "%ed%a0%80", "%e2%82"];
const badQuery: HostileJson = { what: "a query that is no UTF-8", bytes: Buffer.alloc(0), code: "invalid_field" };

/** Asked again while the budget of the TCP listener is used up: there are more cases than it takes at once. */
async function withinBudget(...call: Parameters<typeof httpCall>): Promise<Answer> {
  for (;;) {
    const answer = await httpCall(...call);
    if (answer.status !== 429) return answer;
  }
}

function refused(answer: Answer, { what, code }: HostileJson, where: string): void {
  assert.deepEqual([answer.status, answer.json["code"]], [400, code], `${where}, ${what}: ${answer.text}`);
}

test("the daemon refuses hostile JSON in every body and as meta, stores nothing of it, and goes on", async (t) => {
  const folder = tempFolder(t);
  const broker = await brokerProcess(t, join(folder, "broker"));
  const dir = join(folder, "alice");
  mkdirSync(dir, { mode: 0o700 });
  await joinBroker({ dir, dataDir: broker.dataDir, name: "alice", role: "member" });
  const daemon = await daemonProcess(t, dir);
  const client = connect(daemon.unix);
  t.after(() => client.close());
  await linked({ client });
  await client.send({ to: "@alice", message: "first" }, { wait: "delivered" });
  const state = async (): Promise<unknown> => [
    (await client.outbox.list()).items.map(({ outbox_id, status }) => [outbox_id, status]),
    (await client.inbox.list()).items.length,
    await Promise.all([client.topics.list(), client.queues.list(), client.invites.list(), client.membership.show()]),
  ];
  const before = await state();

  const targets: readonly Target[] = [daemon.unix, daemon.tcp];
  for (const target of targets) {
    for (const operation of takingJson("local-api"))
      for (const body of hostileBodies) {
        const answer = await withinBudget(target, operation.method, filled(operation, ""), { body: body.bytes });
        refused(answer, body, operation.id);
      }
    for (const meta of hostileMetas) {
      const send = withRaw({ to: "@alice", message: "hi", client_message_id: "k" }, "meta", meta.bytes);
      refused(await withinBudget(target, "POST", "/v1/send", { body: send }), meta, "send");
      const change = withRaw({}, "patch", withRaw({}, "meta", meta.bytes));
      refused(await withinBudget(target, "POST", "/v1/outbox/1/requeue", { body: change }), meta, "requeue");
    }
  }
  for (const target of targets)
    for (const query of badQueries) {
      const found = await withinBudget(target, "GET", `/v1/inbox/search?q=${query}`);
      assert.deepEqual([found.status, found.json["code"]], [400, "invalid_field"], query);
      // It would be called otherwise than it was.
      const headers = { "content-type": "application/octet-stream" };
      const file = await withinBudget(target, "POST", `/v1/files?name=${query}`, { body: "x", headers });
      assert.deepEqual([file.status, file.json["code"]], [400, "invalid_field"], query);
    }
  assert.deepEqual(await state(), before);
  const meta = { list: [1.5, "é", null], __proto__x: true };
  const { message } = await client.send({ to: "@alice", message: "next", meta }, { wait: "delivered" });
  assert.equal(message.status, "done");
  assert.deepEqual((await client.inbox.list({ newest: true })).items[0]?.meta, meta);
});

test("the broker refuses hostile JSON in every body of its port and its admin socket, and as meta, and goes on", async (t) => {
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const mesh = await ownedMesh(t, broker);
  const { meshId } = mesh;
  const { messageSend } = await directSamples(broker, mesh);
  const authorization = `Bearer ${await apiKey(broker, mesh, ["send", "read"])}`;
  const state = async (): Promise<unknown> =>
    Promise.all(
      ["/v1/meshes", `/v1/meshes/${meshId}/membership`, `/v1/meshes/${meshId}/api_keys`].map(async (path) =>
        (await httpCall(broker.admin, "GET", path)).text.replace(/"last_used_at":[^,]+/, ""),
      ),
    );
  const history = async (): Promise<unknown> =>
    (await httpCall(broker.open, "GET", `/v1/meshes/${meshId}/topics/alerts/messages`, { headers: { authorization } }))
      .json["items"];
  const before = [await state(), await history()];

  for (const operation of takingJson("broker-admin"))
    for (const body of hostileBodies) {
      const path = filled(operation, meshId);
      refused(await httpCall(broker.admin, operation.method, path, { body: body.bytes }), body, operation.id);
    }
  for (const operation of takingJson("broker"))
    for (const body of hostileBodies) {
      const headers = (directIds as readonly string[]).includes(operation.id) ? { authorization } : {};
      const path = filled(operation, meshId);
      refused(await httpCall(broker.open, operation.method, path, { body: body.bytes, headers }), body, operation.id);
    }
  const send = (body: unknown) =>
    httpCall(broker.open, "POST", `/v1/meshes/${meshId}/messages`, { body, headers: { authorization } });
  for (const meta of hostileMetas)
    refused(await send(withRaw({ to: "#alerts", message: "hi" }, "meta", meta.bytes)), meta, "messageSend");

  for (const query of badQueries) {
    const path = `/v1/meshes/${meshId}/topics/alerts/messages?cursor=${query}`;
    refused(await httpCall(broker.open, "GET", path, { headers: { authorization } }), badQuery, "topicHistory");
  }
  assert.deepEqual([await state(), await history()], before);
  assert.equal((await send(messageSend.body)).status, 201);
});

test("an envelope with hostile meta is refused by itself: its neighbours are taken, and the link goes on", async (t) => {
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const { meshId, owner, ownerLink } = await ownedMesh(t, broker);
  await ownerLink.request<"topic_create">({ type: "topic_create", name: "alerts" });
  const spellings: readonly HostileJson[] = [
    { what: "keys out of order", bytes: Buffer.from('{"b":1,"a":2}'), code: "invalid_envelope" },
    { what: "a space", bytes: Buffer.from('{"a": 1}'), code: "invalid_envelope" },
    { what: "-0", bytes: Buffer.from('{"a":-0}'), code: "invalid_envelope" },
    { what: "an object without members", bytes: Buffer.from("{}"), code: "invalid_envelope" },
  ];
  // Bytes that are no UTF-8 cannot stand in a text frame at all; see the next test.
  const metas = [...hostileMetas.filter(({ code }) => code !== "invalid_utf8"), ...spellings];
  const envelopes = metas.flatMap(({ bytes }) => [
    { ...envelopeOf(meshId, owner, "#alerts", "", sealedShared), meta: bytes.toString("utf8") },
    envelopeOf(meshId, owner, "#alerts", "", { ...sealedShared, meta: '{"a":1}' }),
  ]);
  const answers = await ownerLink.sendItems(envelopes);
  for (const [index, { what, bytes, code }] of metas.entries()) {
    // Longer than any meta may be: it is not even read.
    const isLong = bytes.toString("utf8").length > 8_192;
    const [refusal, neighbour] = answers.slice(index * 2);
    assert.equal((refusal as { code?: string }).code, isLong ? "invalid_envelope" : code, what);
    assert.equal(neighbour?.status, 201, what);
  }
  const kept = await ownerLink.request<"history">({
    type: "history",
    address: "alerts",
    before_seq: null,
    limit: metas.length * 2,
  });
  assert.equal(kept.items.length, metas.length);
});

test("a frame that is no UTF-8, binary or no JSON ends its link, before and after the hello; the next link stands", async (t) => {
  const broker = await brokerProcess(t, join(tempFolder(t), "broker"));
  const { meshId, owner } = await ownedMesh(t, broker);
  const dial = () => connectPeer({ url: broker.url, meshId, identity: owner });
  const frames: readonly [string, Buffer, boolean, number][] = [
    ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), false, 1007],
    ["a surrogate in UTF-8", Buffer.concat([Buffer.from('"'), Buffer.from([0xed, 0xa0, 0x80, 0x22])]), false, 1007],
    ["a binary frame", Buffer.from('{"type":"topics","id":1}'), true, 4001],
    ["a byte order mark", Buffer.from('\ufeff{"type":"topics","id":1}'), false, 4001],
    ["no JSON", Buffer.from('{"type":"topics","id":1'), false, 4001],
    ["a list", Buffer.from("[]"), false, 4001],
    ["a hundred thousand levels", Buffer.from("[".repeat(100_000)), false, 4001],
  ];
  for (const [what, bytes, binary, code] of frames) {
    const peer = await dial();
    peer.socket.send(bytes, { binary });
    assert.equal((await peer.closed).code, code, what);
    const stranger = new WebSocket(broker.url, "claudemesh.v1");
    stranger.once("open", () => stranger.send(bytes, { binary }));
    const [closedWith] = (await once(stranger, "close")) as [number];
    assert.equal(closedWith, code, `${what}, instead of a hello`);
  }
  const peer = await dial();
  assert.ok(await peer.request<"topics">({ type: "topics" }));
  await peer.close();
});

test("the command line refuses hostile meta and patches with exit code 2 and the code, and sends nothing of it", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  const folder = tempFolder(t);
  ok(await alice.run(["send", "@alice", "first", "--id", "first", "--wait", "delivered"]));
  const rows = async () =>
    (JSON.parse(ok(await alice.run(["outbox", "list", "--json"]))) as { items: unknown[] }).items;
  const before = await rows();
  const file = join(folder, "patch.json");
  for (const meta of hostileMetas) {
    writeFileSync(file, withRaw({}, "meta", meta.bytes));
    const runs = [["outbox", "requeue", "1", "--patch", file]];
    // An argument is a text without U+0000, in UTF-8.
    if (meta.code !== "invalid_utf8" && !meta.bytes.includes(0))
      runs.push(["send", "@alice", "hi", "--meta", meta.bytes.toString("utf8")]);
    for (const words of runs) {
      const { code, stdout, stderr } = await typed(alice.home, [...words, "--json"]);
      const what = `${words[0]}, ${meta.what}: ${stderr}`;
      const told = JSON.parse(stderr) as { code: string; message: string; hint: string };
      assert.deepEqual([code, stdout, told.code], [2, "", meta.code], what);
      assert.notEqual(told.hint, "", what);
    }
  }
  // Bytes go through a shell: what Node starts programs with is text.
  const claudemesh = `${process.execPath} ${fileURLToPath(new URL("../../src/bin/claudemesh.ts", import.meta.url))}`;
  const typedBytes = (line: string) =>
    run("bash", ["-c", `exec ${claudemesh} ${line}`], { env: { ...process.env, CLAUDEMESH_HOME: alice.home } });
  for (const line of ['send @alice hi --meta $\'{"a":"\\xff"}\'', "send @alice $'caf\\xe9'"]) {
    const { code, stdout, stderr } = await typedBytes(line);
    assert.deepEqual([code, stdout, /\(invalid_utf8\)/.test(stderr)], [2, "", true], stderr);
  }
  assert.deepEqual(await rows(), before);
  ok(await typedBytes("send @alice 'the sign itself: \ufffd'"));
  ok(await alice.run(["send", "@alice", "next", "--meta", '{"a":1}', "--wait", "delivered"]));
});

/** A command line as `claudemesh` runs it, without a process of its own for each of so many. */
async function typed(home: string, words: readonly string[]): Promise<Ran> {
  let [stdout, stderr] = ["", ""];
  const code = await main(words, {
    env: { CLAUDEMESH_HOME: home },
    stdin: () => Readable.from([]),
    stdout: {
      write(text) {
        stdout += text;
      },
    },
    stderr: {
      write(text) {
        stderr += text;
      },
    },
    launcher: () => Promise.reject(new Error("nothing is started here")),
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}
