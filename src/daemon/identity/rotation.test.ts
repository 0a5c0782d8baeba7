import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { systemFiles } from "../../base/file-layer.ts";
import { diskFails, stoppingFiles } from "../../base/stopping-files.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { type OpenHome, type RotatingHome, rotatingHome } from "./rotating-home.fixture.ts";

const opens = ({ keys }: OpenHome): string[] => keys.opening().map(({ publicKey }) => publicKey);
const archivedIds = (home: RotatingHome): unknown[] =>
  ((home.json("keypair-archive.json")["keys"] ?? []) as { key_id: string }[]).map(({ key_id }) => key_id);

/** A home at rest on the keys that the chain names, which opens all that was ever sealed to it. */
async function atRest(home: RotatingHome, former: readonly string[], why: string): Promise<OpenHome> {
  const open = home.open();
  // Whatever the broker names may have been sealed to by now.
  for (const publicKey of [...former, home.named().x25519])
    assert.ok(opens(open).includes(publicKey), `${why}: ${publicKey} opens before the link stands`);
  assert.equal(await open.link(), true, `${why}: the link opens`);
  assert.equal(open.keys.keyId, home.named().keyId, `${why}: the keys in use are those of the chain`);
  assert.equal(open.keys.next, null, why);
  for (const publicKey of former) assert.ok(opens(open).includes(publicKey), `${why}: ${publicKey} still opens`);
  assert.equal(home.json("keypair.json")["key_id"], home.named().keyId, why);
  const names = home.keyFiles().filter((name) => name !== "keypair-archive.json");
  assert.deepEqual(names, ["keypair.json"], `${why}: nothing is left over`);
  assert.ok(!archivedIds(home).includes(open.keys.keyId), `${why}: the key in use is no former one`);
  return open;
}

test("keys change in this order on disk: the archive, the next pair, the chain, the pair in use", async (t) => {
  const home = rotatingHome(t);
  const files = stoppingFiles(Number.POSITIVE_INFINITY, diskFails, false);
  const { rotation } = home.open(files);
  await rotation.rotate();
  const names = files.asked.flatMap((operation) => {
    const renamed = /^rename \S+?\/(keypair-next)?[^/\s]* \S+\/(\S+)$/.exec(operation)?.[2];
    return renamed ?? (operation === "truncate" ? "membership.jsonl" : []);
  });
  assert.deepEqual(names, ["keypair-archive.json", "keypair-next.json", "membership.jsonl", "keypair.json"]);
  await atRest(home, [], "after");
});

async function stoppedAnywhere(
  t: TestContext,
  run: (home: RotatingHome, at: number) => Promise<{ readonly stopped: boolean; readonly why: string }>,
): Promise<number> {
  for (let at = 1; ; at += 1) {
    const home = rotatingHome(t);
    const { x25519PublicKey: old } = home.open().keys;
    const { stopped, why } = await run(home, at);
    const open = await atRest(home, [old], why);
    await open.rotation.rotate();
    await atRest(home, [old, open.keys.x25519PublicKey], `${why}, then changed again`);
    if (!stopped) return at - 1;
  }
}

test("killed before any operation of a change of keys, a home is one of the two and opens what is sealed to either", async (t) => {
  const points = await stoppedAnywhere(t, async (home, at) => {
    const files = stoppingFiles(at, diskFails, true);
    const { rotation } = home.open(files);
    await rotation.rotate().catch(() => undefined);
    return { stopped: files.stopped, why: `killed at ${files.asked[at - 1]} (${at})` };
  });
  assert.ok(points >= 15, `${points} operations`);
});

test("a disk that fails once at any operation of a change of keys changes nothing or all of it, in the same process too", async (t) => {
  await stoppedAnywhere(t, async (home, at) => {
    const files = stoppingFiles(at, diskFails, false);
    const { keys, rotation, membership } = home.open(files);
    const why = `failed at ${at}`;
    await rotation.rotate().catch(() => undefined);
    const named = membership.state()?.members.get(keys.memberId)?.keys.at(-1)?.keyId;
    assert.equal(keys.keyId, named, `${why}: what is signed is signed by the key that the chain held here names`);
    // Once: where it has not failed yet, it fails now, and not again.
    await rotation.rotate().catch(() => rotation.rotate());
    assert.equal(keys.keyId, home.named().keyId, why);
    return { stopped: files.stopped, why: `${why} (${files.asked[at - 1]})` };
  });
});

test("killed at any operation of what a start makes good, it is made good by the next start", async (t) => {
  // The next pair is on disk and the broker has its entry, of which this home has not heard.
  await stoppedAnywhere(t, async (home, at) => {
    const { rotation } = home.open();
    const taken = home.broker.request.bind(home.broker);
    home.broker.request = async (frame) => {
      const answer = await taken(frame);
      if (frame.type === "membership_append") throw new ClaudemeshError("timed_out", "the answer is lost");
      return answer;
    };
    await assert.rejects(rotation.rotate(), { code: "outcome_pending" });
    home.broker.request = taken;
    const files = stoppingFiles(at, diskFails, true);
    try {
      await home.open(files).link();
    } catch {
      // It is dead.
    }
    return { stopped: files.stopped, why: `killed at ${files.asked[at - 1]} (${at})` };
  });
});

test("a disk that does not take the next pair ends the change before it has begun, and the archive has no key in use", async (t) => {
  const home = rotatingHome(t);
  const { rotation, keys } = home.open({
    ...systemFiles,
    open: (path, flags, mode) =>
      path.includes("keypair-next.json") ? diskFails(path) : systemFiles.open(path, flags, mode),
  });
  await assert.rejects(rotation.rotate(), { code: "store_unavailable" });
  assert.deepEqual([keys.next, home.keyFiles()], [null, ["keypair.json"]]);
});

test("keys in use that could not take their place yet are never overwritten by the ones after them", async (t) => {
  const home = rotatingHome(t);
  const { rotation, keys } = home.open({
    ...systemFiles,
    rename: (from, to) => (to.endsWith("/keypair.json") ? diskFails(to) : systemFiles.rename(from, to)),
  });
  const { x25519PublicKey: first } = keys;
  await rotation.rotate();
  const { x25519PublicKey: second, keyId } = keys;
  assert.notEqual(home.json("keypair.json")["key_id"], keyId);
  home.broker.before = (type) => {
    if (type === "membership_append") throw new ClaudemeshError("broker_unreachable", "cut");
  };
  await assert.rejects(rotation.rotate(), { code: "store_unavailable" });
  assert.equal(home.json("keypair-next.json")["key_id"], keyId);
  home.broker.before = null;
  await atRest(home, [first, second], "once the disk is well");
});

test("keys that are in memory alone are not changed, and nothing of them comes onto the disk", async (t) => {
  const home = rotatingHome(t);
  const { rotation } = home.open();
  rmSync(`${home.dir}/keypair.json`);
  await assert.rejects(rotation.rotate(), { code: "not_allowed" });
  assert.deepEqual(home.keyFiles(), []);
});

test("without the broker no change of keys begins", async (t) => {
  const home = rotatingHome(t);
  const { rotation } = home.open();
  home.broker.before = () => {
    throw new ClaudemeshError("broker_unreachable", "away");
  };
  await assert.rejects(rotation.rotate(), { code: "broker_unreachable" });
  assert.deepEqual(home.keyFiles(), ["keypair.json"]);
});

test("an entry that never reached the broker is handed in again, and the keys are the ones that had begun", async (t) => {
  const home = rotatingHome(t);
  const { rotation, keys } = home.open();
  home.broker.before = (type) => {
    if (type === "membership_append") throw new ClaudemeshError("broker_unreachable", "cut");
  };
  await assert.rejects(rotation.rotate(), { code: "outcome_pending", hint: /finished by itself/ });
  const begun = keys.next?.keyId;
  await assert.rejects(rotation.rotate(), { code: "outcome_pending" });
  assert.equal(keys.next?.keyId, begun, "a second attempt goes on with the same keys");
  home.broker.before = null;
  const again = await atRest(home, [keys.x25519PublicKey], "handed in again");
  assert.equal(again.keys.keyId, begun);
  assert.equal(home.broker.entries.filter(({ kind }) => kind === "rotate").length, 1);
});

test("an entry that the mesh refuses for good is given up: the keys stay, and nothing of the next ones is left", async (t) => {
  const home = rotatingHome(t);
  const { rotation, keys } = home.open();
  const before = keys.keyId;
  home.broker.before = (type) => {
    if (type === "membership_append") throw new ClaudemeshError("membership_invalid", "refused");
  };
  await assert.rejects(rotation.rotate(), { code: "membership_invalid" });
  assert.deepEqual([keys.keyId, keys.next], [before, null]);
  assert.deepEqual(home.keyFiles(), ["keypair.json"]);
  assert.ok(home.logged.some(({ message }) => message.startsWith("rotation abandoned")));
  home.broker.before = null;
  await rotation.rotate();
  await atRest(home, [], "afterwards");
});

test("a hello that is refused is tried once with the keys that were to follow, and then no more", (t) => {
  const home = rotatingHome(t);
  const { rotation, keys } = home.open();
  assert.equal(rotation.refused(), false, "there are no others");
  const next = keys.begin();
  assert.equal(rotation.dialKeys().keyId, keys.keyId);
  assert.equal(rotation.refused(), true);
  assert.equal(rotation.dialKeys().keyId, next.keyId);
  assert.equal(rotation.refused(), false);
  assert.equal(rotation.dialKeys().keyId, keys.keyId);
});

test("grace begins when the change comes into force, however long ago it had begun", async (t) => {
  const home = rotatingHome(t);
  const { keys } = home.open();
  keys.begin();
  home.clock.advance(20 * 86_400_000);
  const later = await atRest(home, [keys.x25519PublicKey], "20 days later");
  const [former] = later.keys.archive.keys();
  assert.equal(former?.rotatedOutAt, "2026-01-21T00:00:00.000Z");
  assert.equal(former?.expiresAt, "2026-01-28T00:00:00.000Z");
});

test("a next pair that is damaged or another member's is moved aside, and the home goes on with its own", (t) => {
  const home = rotatingHome(t);
  const { keys } = home.open();
  const other = rotatingHome(t);
  other.open().keys.begin();
  cpSync(`${other.dir}/keypair-next.json`, `${home.dir}/keypair-next.json`);
  assert.equal(home.open().keys.next, null);
  writeFileSync(`${home.dir}/keypair-next.json`, "{", { mode: 0o600 });
  home.clock.advance(1);
  const open = home.open();
  assert.deepEqual([open.keys.next, open.keys.keyId], [null, keys.keyId]);
  const aside = home.keyFiles().filter((name) => name.startsWith("keypair-next.json.malformed-"));
  assert.equal(aside.length, 2);
});
