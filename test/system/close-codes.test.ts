import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { exitCodes } from "../../src/bin/exit-codes.ts";
import type { DaemonStatus, DoctorAnswer } from "../../src/cli/launcher.ts";
import { connect } from "../../src/client/connect.ts";
import { fatalCloseKinds } from "../../src/daemon/daemon-end.ts";
import { type FakeBroker, dedupeParams, fakeBroker, supported } from "../../src/daemon/link/fake-broker.fixture.ts";
import { foundedMember } from "../../src/daemon/membership/founded-member.fixture.ts";
import { closeCodes } from "../../src/protocol/close-codes.ts";
import { closeReason } from "../../src/protocol/close-reason.ts";
import type { LocalEvent } from "../../src/protocol/local-api.ts";
import type { KickView } from "../../src/protocol/membership-api.ts";
import { host, ok, type TestHost } from "../support/claudemesh.ts";
import { cliPair } from "../support/cli-pair.ts";
import { daemonProcess, programProcess } from "../support/program-process.ts";
import { onEnd } from "../support/on-end.ts";
import { tempFolder } from "../support/temp-folder.ts";

const meshId = "0198f0a0-0000-7000-8000-000000000001";

function member(dir: string, broker: { readonly url: string; readonly key?: string }): void {
  const { url, key = "ab".repeat(32) } = broker;
  const mesh = { mesh_id: meshId, slug: basename(dir), member_name: "ada" };
  foundedMember(dir, { ...mesh, broker_url: url, broker_key: key, certificate_print: null }, 0);
}

/** The first link of each process that dials is opened with these features. */
async function answering(broker: FakeBroker, features: ReturnType<typeof supported>): Promise<never> {
  for (;;) await (await broker.connection()).open({ features });
}

async function daemonOf(at: TestHost): Promise<DaemonStatus> {
  return (await at.status()).daemons[0] ?? assert.fail("no daemon");
}

async function doctorOf(at: TestHost, of: string): Promise<{ readonly message: string; readonly hint: string | null }> {
  const { checks } = JSON.parse((await at.run(["doctor", "--json"])).stdout) as DoctorAnswer;
  return checks.find(({ name }) => name === of) ?? assert.fail(`nothing is said of ${of}`);
}

/** What everybody who asks is told of a daemon that ended over a feature. */
async function assertExplained(
  at: TestHost,
  end: { readonly kind: string; readonly code: number; readonly detail: RegExp; readonly helps: RegExp },
): Promise<void> {
  const { state, mesh, last_end: last } = await daemonOf(at);
  assert.equal(state, "stopped");
  assert.deepEqual([last?.exit_code, last?.kind], [end.code, end.kind]);
  assert.match(`${last?.feature}: ${last?.detail}`, end.detail);
  for (const command of [["status"], ["daemon", "status"]]) {
    const { stdout, stderr } = await at.run(command);
    assert.match(stdout, new RegExp(`ended with exit code ${end.code}.*${end.detail.source}`));
    assert.match(stderr, end.helps);
  }
  const found = await doctorOf(at, `daemon/${mesh}/process`);
  assert.match(found.message, new RegExp(`exit code ${end.code} .*${end.detail.source}`));
  assert.match(found.hint ?? "", end.helps);
  // Each asks for a start, so each tries once, and says what came of it.
  for (const command of [["up"], ["daemon", "up"], ["daemon", "restart"]]) {
    const { code, stderr } = await at.run(command);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`has ended at its first attempt.*${end.detail.source}.*\\(${end.kind}\\)`));
    assert.match(stderr, end.helps);
  }
  assert.equal((await daemonOf(at)).state, "stopped");
}

/** A daemon acts on a close when it has heard of it. */
async function statusShows(at: TestHost, wanted: RegExp): Promise<void> {
  while (!wanted.test(ok(await at.run(["status"]))));
}

/** The first of that name, past or future. */
async function eventOf(at: TestHost, name: LocalEvent["event"]): Promise<LocalEvent["data"]> {
  const client = connect({ socketPath: (await daemonOf(at)).socket });
  try {
    for await (const { event, data } of client.events({ after: 0 })) if (event === name) return data;
  } finally {
    client.close();
  }
  return assert.fail("the stream ended");
}

/** As the daemon's own log tells of its starts. */
function starts(at: TestHost): number {
  const log = readFileSync(join(at.home, "daemon", "local", "daemon.log"), "utf8");
  return log.split("\n").filter((line) => line.includes('"started":true')).length;
}

test("4012: a broker that remembers ids for two days ends the daemon with 32, explained everywhere, until its operator mends it", async (t) => {
  const ada = host(t, "ada");
  ok(await ada.up());
  ok(await ada.run(["config", "set", "--broker", "retention.message_days", "2"]));
  ok(await ada.run(["config", "set", "--broker", "retention.dedupe_days", "2"]));
  await ada.run(["broker", "restart"]);
  await assertExplained(ada, {
    kind: "feature_param_below_floor",
    code: exitCodes.feature_param_below_floor,
    detail: /client_message_id_dedupe: dedupe_retention_days is 2, the floor here is 3/,
    helps: /claudemesh config set --broker retention.dedupe_days 365/,
  });
  assert.equal(starts(ada), 4);
  const log = readFileSync(join(ada.home, "broker", "broker.log"), "utf8");
  assert.match(log, /"code":4012.*"feature":"client_message_id_dedupe".*dedupe_retention_days is 2/);
  const found = await doctorOf(ada, "broker/links");
  assert.match(found.message, /left it 4 times with 4012 \(feature_param_below_floor\)/);
  assert.match(found.hint ?? "", /retention\.dedupe_days 365/);
  // As the hint says.
  ok(await ada.run(["config", "set", "--broker", "retention.dedupe_days", "365"]));
  ok(await ada.run(["broker", "restart"]));
  const up = await ada.run(["daemon", "up"]);
  ok(up);
  assert.match(up.stderr, /notice: @ada in mesh local had ended with exit code 32/);
  ok(await ada.run(["send", "@ada", "it goes on", "--wait", "delivered"]));
});

test("4010: a feature that the broker does not have ends the daemon with 30, explained everywhere, until it is required no more", async (t) => {
  const ada = host(t, "ada");
  ok(await ada.up());
  ok(await ada.run(["config", "set", "features.require", '["time_travel"]']));
  const { code, stderr } = await ada.run(["daemon", "restart"]);
  assert.deepEqual([code, /\(feature_unavailable\)/.test(stderr)], [1, true], stderr);
  await assertExplained(ada, {
    kind: "feature_unavailable",
    code: exitCodes.feature_unavailable,
    detail: /time_travel: the broker does not have it in version 1/,
    helps: /claudemesh config unset features.require/,
  });
  ok(await ada.run(["config", "unset", "features.require"]));
  ok(await ada.run(["daemon", "up"]));
  ok(await ada.run(["send", "@ada", "it goes on", "--wait", "delivered"]));
});

test("4011: a parameter that is none ends the daemon with 31, and whoever only starts the process again is slowed down", async (t) => {
  const ada = host(t, "ada");
  const dir = join(ada.home, "daemon", "work");
  const broker = await fakeBroker(t, meshId);
  member(dir, broker);
  void answering(broker, supported({ ...dedupeParams, mode: "for a while" })).catch(() => undefined);
  const first = await programProcess(t, "daemon", ["--dir", dir]).ended;
  assert.equal(first.code, exitCodes.feature_param_invalid);
  assert.match(first.stderr, /feature_param_invalid: client_message_id_dedupe: mode must be/);
  await assertExplained(ada, {
    kind: "feature_param_invalid",
    code: exitCodes.feature_param_invalid,
    detail: /client_message_id_dedupe: mode must be one of retention_scoped, permanent, and is "for a while"/,
    helps: /upgrade the older of the two/,
  });
  const again = await daemonProcess(t, dir);
  const client = connect(again.unix);
  const { link } = await client.health();
  assert.equal(link.state, "waiting");
  assert.match(link.last_error ?? "", /feature_param_invalid/);
  assert.ok(Date.parse(link.next_dial_at ?? "") > Date.parse(link.since) + 10_000);
  // It takes what it is given meanwhile.
  const sent = await client.send({ to: "@ada", message: "later" });
  assert.equal(sent.state, "queued");
  client.close();
  assert.match(ok(await ada.run(["status"])), /link waiting, until .*: feature_param_invalid/);
  again.kill("SIGTERM");
  assert.equal((await again.ended).code, 0);
});

test("4004: a copied home's daemon ends with 22 beside the one that was first, whose instance everybody names; and both connect where the mesh allows it", async (t) => {
  const [ada, copy] = [host(t, "ada"), host(t, "copy")];
  ok(await ada.up());
  assert.match(ok(await ada.run(["mesh", "concurrency"])), /^prefer_newest: .*the newer one takes the link over/);
  const misspelt = await ada.run(["mesh", "concurrency", "prefer-oldest"]);
  assert.deepEqual([misspelt.code, /did you mean .*prefer_oldest/.test(misspelt.stderr)], [2, true], misspelt.stderr);
  const changed = await ada.run(["mesh", "concurrency", "prefer_oldest", "--json"]);
  assert.deepEqual(JSON.parse(ok(changed)), { policy: "prefer_oldest" });
  ok(await ada.run(["daemon", "down"]));
  cpSync(join(ada.home, "daemon"), join(copy.home, "daemon"), { recursive: true });
  ok(await ada.run(["daemon", "up"]));
  const { link } = await daemonOf(ada);
  const refused = await copy.run(["daemon", "up"]);
  assert.deepEqual([refused.code, /member_already_connected/.test(refused.stderr)], [3, true], refused.stderr);
  const { last_end: end } = await daemonOf(copy);
  assert.deepEqual([end?.exit_code, end?.other_instance_id], [exitCodes.member_already_connected, link?.instance_id]);
  const shown = await copy.run(["status"]);
  assert.match(shown.stdout, new RegExp(`the other daemon is instance ${link?.instance_id}`));
  assert.match(shown.stderr, /stop it where it runs.*claudemesh mesh concurrency/);
  const found = await doctorOf(copy, "daemon/local/process");
  assert.match(found.message, new RegExp(`exit code 22 .*the other daemon is instance ${link?.instance_id}`));
  ok(await ada.run(["mesh", "concurrency", "allow_concurrent"]));
  ok(await copy.run(["daemon", "up"]));
  await statusShows(copy, /link only sends: another daemon with this member's keys receives/);
  assert.match((await doctorOf(copy, "daemon/local/link")).message, /only sends/);
  ok(await copy.run(["send", "@ada", "from the copy", "--wait", "delivered"]));
});

test("4009: a member that an owner kicks stays away until the time, over restarts, and comes back sooner only when both say so", async (t) => {
  const { alice, bob } = await cliPair(t);
  const kicked = JSON.parse(ok(await alice.run(["member", "kick", "@bob", "--for", "1h", "--json"]))) as KickView;
  const until = kicked.until ?? assert.fail("for no time");
  assert.ok(Math.abs(Date.parse(until) - Date.now() - 3_600_000) < 60_000);
  assert.match(ok(await alice.run(["members"])), new RegExp(`@bob .*\\(sent away until ${until}\\)`));
  const away = new RegExp(`link waiting, until .*: kicked: until ${until} by @alice`);
  await statusShows(bob, away);
  const { address, by, until: told } = await eventOf(alice, "member_kicked");
  assert.deepEqual([address, by, told], ["@bob", "alice", until]);
  const down = await eventOf(bob, "link_down");
  assert.deepEqual([down["code"], down["reason"]], [4009, `kicked: until ${until} by @alice`]);
  ok(await bob.run(["send", "@alice", "said while away", "--id", "away-1"]));
  ok(await bob.run(["daemon", "restart"]));
  await statusShows(bob, away);
  const { checks } = JSON.parse((await bob.run(["doctor", "--json"])).stdout) as DoctorAnswer;
  const link = checks.find(({ name }) => name === "daemon/local/link");
  assert.match(link?.message ?? "", /an admin has sent this member away.*it is not dialled before/);
  // The broker has the last word: dialled at once, it says the same.
  ok(await bob.run(["daemon", "up", "--dial"]));
  await statusShows(bob, away);
  assert.match(ok(await alice.run(["member", "kick", "bob", "--for", "0"])), /@bob may come back/);
  await statusShows(bob, away);
  ok(await bob.run(["daemon", "up", "--dial"]));
  ok(await bob.run(["send", "@alice", "said while away", "--id", "away-1", "--wait", "delivered"]));
  assert.doesNotMatch(ok(await alice.run(["members"])), /sent away/);
  for (const [args, code, why] of [
    [["kick", "@alice"], 1, /nobody sends itself away/],
    [["kick", "@nobody"], 7, /no member of this mesh/],
    [["kick", "@bob", "--for", "31d"], 2, /at most 30d/],
    [["kick", "@bob", "--for", "soon"], 2, /not a duration/],
  ] as const) {
    const refused = await alice.run(["member", ...args]);
    assert.deepEqual([refused.code, why.test(refused.stderr)], [code, true], refused.stderr);
  }
  const powerless = await bob.run(["member", "kick", "@alice"]);
  assert.deepEqual([powerless.code, /\(not_allowed\)/.test(powerless.stderr)], [1, true], powerless.stderr);
});

for (const kind of fatalCloseKinds) {
  test(`closed as ${kind} (${closeCodes[kind]}), the process dials once and exits with ${exitCodes[kind]}`, async (t) => {
    const broker = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    onEnd(t, () => new Promise((resolve) => broker.close(resolve)));
    await new Promise((resolve) => broker.once("listening", resolve));
    let dialled = 0;
    broker.on("connection", (socket) => {
      dialled += 1;
      socket.close(closeCodes[kind], closeReason({ kind, detail: "go" }));
    });
    const dir = join(tempFolder(t), "local");
    member(dir, { url: `ws://127.0.0.1:${(broker.address() as { port: number }).port}/v1/link` });
    const { code, stderr } = await programProcess(t, "daemon", ["--dir", dir]).ended;
    assert.equal(code, exitCodes[kind]);
    assert.match(stderr, new RegExp(`${kind}: go\n {2}\\S`));
    assert.equal(dialled, 1);
  });
}
