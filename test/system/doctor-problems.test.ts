import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { Finding } from "../../src/cli/launcher.ts";
import { connect } from "../../src/client/connect.ts";
import { createKeypair } from "../../src/daemon/identity/keypair.ts";
import { everyFeature } from "../../src/protocol/features.ts";
import { daemon } from "../support/daemon.ts";
import { problems } from "../support/doctor-problems.ts";
import { copyOf, type DoctoredHome, doctoredHome, memberHome, stoppedMember } from "../support/doctored-home.ts";
import { linked } from "../support/mesh.ts";
import { onEnd } from "../support/on-end.ts";
import { daemonProcess } from "../support/program-process.ts";

describe("the doctor of a home finds, says what helps, and is content when that was done:", () => {
  let member: Awaited<ReturnType<typeof stoppedMember>>;
  const ends: (() => Promise<void>)[] = [];
  before(async () => {
    member = await stoppedMember({ after: (end) => void ends.push(end) });
  });
  after(async () => {
    for (const end of ends) await end();
  });

  for (const { title, name, state, says, plant, mends } of problems)
    test(title, async (t) => {
      const home = member(t);
      assert.deepEqual(await home.faults(name), []);
      await plant(home, t);
      const [found, ...others] = await home.faults(name);
      assert.deepEqual(others, []);
      assert.equal(found?.state, state);
      assert.match(found?.message ?? "", says);
      if (mends === null) {
        assert.ok((found?.hint ?? "").length > 10);
        return;
      }
      const command = mends(home);
      assert.ok(found?.hint?.includes(command), `${command} is not in: ${found?.hint}`);
      await home.type(command);
      assert.deepEqual(await home.faults(name), []);
    });

  test("a path with blanks in it, which the shell is given as one word", async (t) => {
    const home = member(t, "a b's home");
    chmodSync(home.home, 0o755);
    const [found] = await home.faults("home");
    await home.type(found?.hint ?? "");
    assert.deepEqual(await home.faults("home"), []);
  });

  test("a local token that stands in the words of a process", async (t) => {
    const { dir, faults } = member(t);
    const token = readFileSync(join(dir, "local_token"), "utf8").trim();
    const wait = `process.stdout.write("up"); process.stdin.resume()`;
    const seen = spawn(process.execPath, ["-e", wait, `authorization: Bearer ${token}`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const told = spawn(process.execPath, ["-e", wait], { env: { TOKEN: token }, stdio: ["pipe", "pipe", "inherit"] });
    for (const child of [seen, told]) {
      onEnd(t, () => child.kill());
      await once(child.stdout, "data");
    }
    const found = await faults("daemon/local/token");
    assert.deepEqual(
      found.map(({ state, message }) => [state, message]),
      [
        ["problem", `every user of this host can read the local token in the words of process ${seen.pid}`],
        ["warning", `the local token stands in the environment of process ${told.pid}, and of all they start`],
      ],
    );
    for (const { hint } of found) assert.match(hint ?? "", /claudemesh rotate-token --mesh local$/);
    for (const child of [seen, told]) {
      child.kill();
      await once(child, "exit");
    }
    assert.deepEqual(await faults("daemon/local/token"), []);
  });

  test("an archive of former keys that is damaged, which a start moves aside", async (t) => {
    const { dir, faults, type } = member(t);
    writeFileSync(join(dir, "keypair-archive.json"), '{"schema_version":1,"keys":', { mode: 0o600 });
    const [damaged] = await faults("daemon/local/keys");
    assert.equal(damaged?.state, "problem");
    assert.match(damaged?.message ?? "", /keypair-archive\.json is damaged: it is not JSON$/);
    const restart = "claudemesh daemon restart --mesh local";
    assert.ok(damaged?.hint?.includes(restart));
    await type(restart);
    const [aside] = await faults("daemon/local/keys");
    assert.equal(aside?.state, "warning");
    const [, remove = ""] = /: (rm \S+keypair-archive\.json\.malformed-\S+)$/.exec(aside?.hint ?? "") ?? [];
    await type(remove);
    assert.deepEqual(await faults("daemon/local/keys"), []);
  });

  test("a change of keys that was interrupted", async (t) => {
    const { dir, faults } = member(t);
    const other = join(dir, "other");
    mkdirSync(other);
    createKeypair(other, 0);
    const next = JSON.parse(readFileSync(join(other, "keypair.json"), "utf8")) as Record<string, unknown>;
    const { member_id, sealing_secret } = JSON.parse(readFileSync(join(dir, "keypair.json"), "utf8")) as typeof next;
    const text = JSON.stringify({ ...next, member_id, sealing_secret });
    writeFileSync(join(dir, "keypair-next.json"), text, { mode: 0o600 });
    const [begun] = await faults("daemon/local/keys");
    assert.match(begun?.message ?? "", /^a change of keys has begun and is not done/);
    assert.equal(begun?.hint, "claudemesh daemon up --mesh local");
    writeFileSync(join(dir, "keypair-next.json"), text.slice(9), { mode: 0o600 });
    const [unusable] = await faults("daemon/local/keys");
    assert.match(
      unusable?.message ?? "",
      /keypair-next\.json, of a change of keys that was interrupted, cannot be used/,
    );
  });
});

describe("the doctor of a home whose daemon runs finds", () => {
  test("a dead message, and is content when it was dropped", async (t) => {
    const { dir, faults, type } = await doctoredHome(t);
    const { client } = await daemon(t, { dir });
    await linked({ client });
    await client.topics.create("builds");
    await client.topics.leave("builds");
    await client.send({ to: "#builds", message: "red", client_message_id: "red-1" });
    await assert.rejects(client.waitFor("red-1", "accepted"));
    const [found] = await faults("daemon/local/outbox");
    assert.equal(found?.message, "1 message ended dead and will not be sent");
    assert.match(found?.hint ?? "", /claudemesh outbox drop ROW/);
    await type("claudemesh outbox drop 1");
    assert.deepEqual(await faults("daemon/local/outbox"), []);
  });

  test("mail for an agent that is not there, and mail that names none of several", async (t) => {
    const { dir, faults, type } = await doctoredHome(t);
    const { client } = await daemon(t, { dir });
    await linked({ client });
    for (const name of ["reviewer", "writer", "gone"]) await client.agents.put(name);
    for (const to of ["@ada/gone", "@ada"]) {
      const { client_message_id } = await client.send({ to, message: "hello" });
      await client.waitFor(client_message_id, "delivered");
    }
    await client.agents.forget("gone");
    const [unclaimed, undecided] = await faults("daemon/local/agents");
    assert.equal(unclaimed?.message, "1 unread message is for agent gone, which is not there");
    assert.match(
      undecided?.message ?? "",
      /^1 unread message to this member names no agent, and none of 2 is the default/,
    );
    await type("claudemesh agent attach gone --mesh local");
    await type("claudemesh agent attach reviewer --default --mesh local");
    assert.deepEqual(await faults("daemon/local/agents"), []);
  });

  test("a former key whose grace ends, and one whose grace is over until it is dropped", async (t) => {
    let laterMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + laterMs };
    const { dir, faults, type } = await doctoredHome(t, { clock });
    writeFileSync(join(dir, "config.toml"), "[crypto]\nkey_grace_period_days = 1\n", { mode: 0o600 });
    const of = await daemon(t, { dir, clock });
    await linked(of);
    await of.client.keypair.rotate();
    const [ends] = await faults("daemon/local/keys");
    assert.match(ends?.message ?? "", /^the grace of the former key [0-9a-f]{8}… ends at /);
    laterMs = 2 * 86_400_000;
    const [over] = await faults("daemon/local/keys", clock.now());
    assert.equal(over?.message, "the grace of 1 former key is over, and the file still has it");
    await type(over?.hint ?? "");
    assert.deepEqual(await faults("daemon/local/keys", clock.now()), []);
  });

  test("a clock that is an hour off", async (t) => {
    const clock = { ...systemClock, now: () => systemClock.now() + 3_600_000 };
    const { dir, faults } = await doctoredHome(t, { clock });
    await linked(await daemon(t, { dir }));
    const [found] = await faults("daemon/local/clock");
    assert.equal(found?.state, "warning");
    assert.match(found?.message ?? "", /^the broker's clock is 3[56]\d\d s ahead of this host's$/);
  });

  test("a broker that cannot be reached, and is content when it is there again", async (t) => {
    const { dir, faults, broker } = await doctoredHome(t);
    const of = await daemon(t, { dir });
    await linked(of);
    await broker.broker.stop();
    for await (const { event } of of.client.events({ after: 0 })) if (event === "link_down") break;
    const found = await faultsUntil(faults, ([fault]) => /nothing listens/.test(fault?.message ?? ""));
    assert.match(found[0]?.hint ?? "", /claudemesh broker up/);
    await broker.restart();
    await linked(of);
    assert.deepEqual(await faults("daemon/local/link"), []);
  });

  test("what a killed ephemeral daemon has left, and is content after the next start of the home", async (t) => {
    const { home, dir, faults, type } = await doctoredHome(t);
    const left = join(home, "daemon", "gone");
    mkdirSync(left, { mode: 0o700 });
    const mesh = JSON.parse(readFileSync(join(dir, "mesh.json"), "utf8")) as object;
    writeFileSync(join(left, "mesh.json"), JSON.stringify({ ...mesh, ephemeral: true }), { mode: 0o600 });
    const [found] = await faults("daemon/gone/identity");
    assert.equal(found?.message, "the ephemeral @ada of mesh local has ended, and its folder is left");
    assert.match(found?.hint ?? "", /claudemesh up/);
    await type("claudemesh up");
    assert.deepEqual(await faults("daemon/gone/identity"), []);
    assert.equal(existsSync(left), false);
  });

  test("a mesh folder that another daemon holds", async (t) => {
    const { dir, faults } = await doctoredHome(t);
    const { daemon: one } = await daemon(t, { dir });
    // Its socket is gone, as when somebody cleaned up: it is there and nobody reaches it.
    rmSync(one.socketPath);
    const [found] = await faults("daemon/local/process");
    assert.match(found?.message ?? "", /a process holds .*daemon\.lock, and nothing answers/);
  });
});

describe("the doctor of a home whose daemon has ended says why, and what helps:", () => {
  const ended = async (of: DoctoredHome, says: RegExp, helps: RegExp): Promise<void> => {
    const [found] = await of.faults("daemon/local/process");
    assert.equal(found?.state, "problem");
    assert.match(found?.message ?? "", says);
    assert.match(found?.hint ?? "", helps);
  };

  test("its member was revoked", async (t) => {
    const ada = await doctoredHome(t);
    const { client } = await daemon(t, { dir: ada.dir });
    const bob = await memberHome(t, ada.broker, "bob");
    const process = await daemonProcess(t, bob.dir);
    await client.membership.revoke("bob");
    await process.ended;
    await ended(bob, /^it ended with exit code 23 \(member revoked\)/, /ask|join/);
  });

  test("another daemon has its keys", async (t) => {
    const { broker } = await doctoredHome(t);
    const bob = await memberHome(t, broker, "bob");
    const copy = copyOf(t, bob);
    const first = await daemonProcess(t, bob.dir);
    const client = connect({ socketPath: first.unix.socketPath });
    onEnd(t, () => client.close());
    await linked({ client });
    await daemonProcess(t, copy.dir);
    await first.ended;
    await ended(
      bob,
      /^it ended with exit code 21 \(replaced by newer connection\)/,
      /another daemon uses this member's keys/,
    );
  });

  test("its broker lacks a feature that it requires", async (t) => {
    const { client_message_id_dedupe: _, ...features } = everyFeature();
    const { dir, faults, ...home } = await doctoredHome(t, { features });
    await (await daemonProcess(t, dir)).ended;
    await ended({ dir, faults, ...home }, /^it ended with exit code 30 \(feature unavailable\)/, /upgrade/);
  });
});

/** A link takes its time to be given up, and each look is one of its own. */
async function faultsUntil(
  faults: DoctoredHome["faults"],
  done: (found: readonly Finding[]) => boolean,
): Promise<readonly Finding[]> {
  for (;;) {
    const found = await faults("daemon/local/link");
    if (done(found)) return found;
  }
}
