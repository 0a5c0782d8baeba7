import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { jobs, type KeyMember, keyMesh, ops, opsId } from "./key-mesh.fixture.ts";

const placeOfNow = { epoch: 1, seq: 1 };

test("a direct message opens for its recipient alone, and needs nothing of the broker", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  const eve = await mesh.member("eve");
  await mesh.owner.follow();
  mesh.owner.online = false;
  const to = { kind: "dm", ref: bob.person.memberId } as const;
  assert.deepEqual(mesh.owner.keyring.readyFor(to), { ready: true });
  const sealed = mesh.owner.seal(to, "for bob");
  assert.equal(sealed.algorithm, "hpke-v1");
  assert.equal(bob.reads(sealed), "for bob");
  assert.deepEqual(eve.open(sealed), {
    content: null,
    reason: "it is sealed to a key that this member does not have",
    forGood: true,
  });
});

test("a direct message waits for a member that the membership does not name yet, and is never sealed to one that is gone", async (t) => {
  const mesh = keyMesh(t);
  await mesh.owner.follow();
  const bob = await mesh.member("bob");
  const to = { kind: "dm", ref: bob.person.memberId } as const;
  const before = mesh.owner.keyring.readyFor(to);
  assert.ok(!before.ready && !before.forGood && before.reason.code === "waits_for_key");
  let told = 0;
  mesh.owner.keyring.onChange(() => {
    told += 1;
  });
  await mesh.owner.follow();
  assert.ok(told > 0, "who waits is told");
  assert.ok(mesh.owner.keyring.readyFor(to).ready);
  mesh.chain.append(mesh.owner.person, { kind: "revoke", member_id: bob.person.memberId, through: placeOfNow });
  await mesh.owner.follow();
  const after = mesh.owner.keyring.readyFor(to);
  assert.ok(!after.ready && after.forGood && after.reason.code === "not_a_member", JSON.stringify(after));
});

test("the first to seal to a topic makes its key, and every subscriber opens what is sealed with it", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  const eve = await mesh.member("eve", false);
  for (const member of [mesh.owner, bob, eve]) await member.follow();
  await mesh.owner.ready(ops);
  const sealed = mesh.owner.seal(ops, "hello ops");
  assert.equal(sealed.algorithm, "epoch-v1");
  assert.equal(mesh.owner.reads(sealed), "hello ops");
  assert.deepEqual(bob.open(sealed), {
    content: null,
    reason: "the key of its topic or queue is not here",
    forGood: false,
  });
  await bob.follow();
  assert.equal(bob.reads(sealed), "hello ops");
  await eve.follow();
  assert.equal(eve.reads(sealed), null);
  await bob.ready(ops);
  assert.equal(bob.seal(ops, "me too").sealed_to, sealed.sealed_to, "one key serves all");
  assert.equal(mesh.keys.records().length, 1);
});

test("a body of one topic does not open as another's, though the key is here", async (t) => {
  const mesh = keyMesh(t);
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  const sealed = { ...mesh.owner.seal(ops, "hello"), destination_ref: "plans" };
  const opened = mesh.owner.open(sealed);
  assert.ok(opened.content === null && opened.forGood && /another topic/.test(opened.reason));
});

test("keys are kept in a private file and are there after a restart, without the broker", async (t) => {
  const mesh = keyMesh(t);
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  const sealed = mesh.owner.seal(ops, "kept");
  const path = join(mesh.owner.dir, "topic_keys.json");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  mesh.owner.online = false;
  mesh.owner.restart();
  assert.equal(mesh.owner.reads(sealed), "kept");
  assert.deepEqual(mesh.owner.keyring.readyFor(ops), { ready: true });
});

test("a damaged file of keys is moved aside, and the keys come again from the broker", async (t) => {
  const mesh = keyMesh(t);
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  const sealed = mesh.owner.seal(ops, "kept at the broker");
  const path = join(mesh.owner.dir, "topic_keys.json");
  const good = readFileSync(path, "utf8");
  for (const bad of [
    good.slice(0, -9),
    "{}",
    "[]",
    good.replace('"depth":0', '"depth":-1'),
    good.replace(/"key":"../, '"key":"'),
  ]) {
    writeFileSync(path, bad, { mode: 0o600 });
    const errors: string[] = [];
    mesh.owner.restart({
      log: {
        debug() {},
        info() {},
        warn() {},
        error: (fields, message) => void errors.push(message + JSON.stringify(fields)),
      },
    });
    assert.equal(errors.length, 1, bad);
    assert.ok(!errors.join().includes(JSON.parse(good).epochs[0].key), "no key in a log");
    assert.equal(mesh.owner.reads(sealed), null);
    await mesh.owner.follow();
    assert.equal(mesh.owner.reads(sealed), "kept at the broker");
  }
  assert.ok(readdirSync(mesh.owner.dir).some((name) => name.startsWith("topic_keys.json.malformed-")));
});

test("a topic gets a new key once somebody left it, was revoked or limited, and who went cannot open what came after", async (t) => {
  const mesh = keyMesh(t);
  const [bob, eve, kim, leo] = [
    await mesh.member("bob"),
    await mesh.member("eve"),
    await mesh.member("kim"),
    await mesh.member("leo"),
  ];
  const all = [mesh.owner, bob, eve, kim, leo];
  for (const member of all) await member.follow();
  await mesh.owner.ready(ops);
  const sealedBefore = mesh.owner.seal(ops, "before");
  for (const member of all) {
    await member.follow();
    assert.equal(member.reads(sealedBefore), "before");
  }
  const goes: readonly [KeyMember, () => void][] = [
    [eve, () => mesh.keys.unsubscribe(eve.person.memberId)],
    [
      kim,
      () =>
        mesh.chain.append(mesh.owner.person, { kind: "revoke", member_id: kim.person.memberId, through: placeOfNow }),
    ],
    [
      leo,
      () =>
        mesh.chain.append(mesh.owner.person, {
          kind: "grants",
          member_id: leo.person.memberId,
          destinations: ["#plans"],
        }),
    ],
  ];
  for (const [gone, go] of goes) {
    const old = mesh.keys.records().length;
    go();
    await mesh.owner.follow();
    await mesh.owner.ready(ops);
    assert.equal(mesh.keys.records().length, old + 1, gone.name);
    const sealed = mesh.owner.seal(ops, "after");
    await gone.follow();
    assert.equal(gone.reads(sealed), null, gone.name);
    assert.equal(gone.reads(sealedBefore), "before", "what it had it has");
    await bob.follow();
    assert.equal(bob.reads(sealed), "after");
  }
});

test("who revokes makes new keys at once, for the queue too, though it sends nothing", async (t) => {
  const mesh = keyMesh(t);
  const eve = await mesh.member("eve");
  for (const member of [mesh.owner, eve]) await member.follow();
  await mesh.owner.ready(ops);
  await mesh.owner.ready(jobs);
  await eve.follow();
  const made = new Set(mesh.keys.records().map(({ epoch_id }) => epoch_id));
  const anew = () => mesh.keys.records().filter(({ epoch_id }) => !made.has(epoch_id));
  const both = new Promise<void>((resolve) =>
    mesh.owner.keyring.onChange(() => {
      if (anew().length === 2) resolve();
    }),
  );
  await mesh.owner.membership.append(() => ({ kind: "revoke", member_id: eve.person.memberId, through: placeOfNow }));
  await both;
  assert.deepEqual(
    anew()
      .map(({ destination }) => destination)
      .sort(),
    ["queue:jobs", `topic:${opsId}`],
  );
});

test("a key is sealed to nobody who may not use the topic, though the broker names it a subscriber", async (t) => {
  const mesh = keyMesh(t);
  const eve = await mesh.member("eve");
  const grants = (destinations: string[] | null) =>
    mesh.chain.append(mesh.owner.person, { kind: "grants", member_id: eve.person.memberId, destinations });
  grants(["#plans"]);
  for (const member of [mesh.owner, eve]) await member.follow();
  await mesh.owner.ready(ops);
  await mesh.owner.ready(jobs);
  const wrapsFor = () => mesh.keys.items.filter(({ to }) => to === eve.person.memberId).length;
  assert.equal(wrapsFor(), 0);
  const sealed = mesh.owner.seal(jobs, "work");
  // Let in later, it gets the keys of epochs whose records the broker told others long before.
  await eve.follow();
  grants(null);
  await mesh.owner.follow();
  assert.equal(wrapsFor(), 2);
  await eve.follow();
  assert.equal(eve.reads(sealed), "work");
});

test("a late joiner gets the earlier keys where the topic's history is for all, and where it is not only what comes", async (t) => {
  for (const history of ["all", "joined"] as const) {
    const mesh = keyMesh(t);
    await mesh.owner.follow();
    await mesh.owner.keyring.rotate(ops, history);
    const early = mesh.owner.seal(ops, "early");
    await mesh.owner.keyring.rotate(ops);
    const later = mesh.owner.seal(ops, "later");
    assert.notEqual(early.sealed_to, later.sealed_to);
    const late = await mesh.member("late");
    await late.follow();
    await mesh.owner.follow();
    await late.follow();
    await late.ready(ops);
    assert.equal(late.reads(early), history === "all" ? "early" : null, history);
    assert.equal(late.reads(later), "later", `${history}: the present key is for whoever comes`);
    const own = late.seal(ops, "mine");
    await mesh.owner.follow();
    assert.equal(mesh.owner.reads(own), "mine");
  }
});

test("a member that was away gets the keys when it comes back, from whoever has them", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob", false);
  for (const member of [mesh.owner, bob]) await member.follow();
  bob.online = false;
  await mesh.owner.ready(ops);
  const sealed = mesh.owner.seal(ops, "while you were out");
  mesh.keys.subscribe(bob.person.memberId);
  await mesh.owner.follow();
  mesh.owner.online = false;
  bob.online = true;
  await bob.follow();
  assert.equal(bob.reads(sealed), "while you were out");
});

test("a key is given to nobody whom the membership does not let use the topic, whatever the broker asks for", async (t) => {
  const mesh = keyMesh(t);
  const eve = await mesh.member("eve");
  mesh.chain.append(mesh.owner.person, { kind: "grants", member_id: eve.person.memberId, destinations: ["#plans"] });
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  const [record] = mesh.keys.records();
  const { request } = mesh.keys;
  const wraps: unknown[] = [];
  mesh.keys.request = async (memberId, frame) => {
    if (frame.type === "epoch_wraps") wraps.push(frame);
    if (frame.type !== "keys_wanted") return request(memberId, frame);
    const named = { epoch_id: record?.epoch_id, destination: record?.destination };
    return {
      wanted: [
        { ...named, member_id: eve.person.memberId },
        { ...named, member_id: "ab".repeat(32) },
        { member_id: 1 },
        null,
      ],
      more: true,
    };
  };
  await mesh.owner.follow();
  assert.deepEqual(wraps, []);
});

test("what a broker invents, changes or leaves out of the keys is not believed, and keeps nobody from the rest", async (t) => {
  const mesh = keyMesh(t);
  const [bob, eve] = [await mesh.member("bob"), await mesh.member("eve")];
  for (const member of [mesh.owner, bob, eve]) await member.follow();
  await eve.ready(ops);
  const [record] = mesh.keys.records();
  assert.ok(record !== undefined);
  const forged = [
    { ...record, created_by: bob.person.memberId },
    { ...record, destination: "queue:jobs", name: "jobs" },
    { ...record, history: "joined" },
    { ...record, epoch_id: "00".repeat(32), depth: 1, parent: record.epoch_id },
    { ...record, mesh_id: "0198f0a0-0000-7000-8000-00000000c4a2" },
    { nonsense: true },
  ];
  const left = { kind: "departed" as const, destination: record.destination, member_id: eve.person.memberId };
  const { items } = mesh.keys;
  mesh.keys.items = [
    ...forged.map((bad, index) => ({
      to: null,
      item: { key_seq: index + 1, kind: "epoch" as const, record: bad as typeof record },
    })),
    ...items.map(({ to, item }) => ({ to, item: { ...item, key_seq: item.key_seq + 100 } })),
    { to: null, item: { ...left, key_seq: 1_000_000 } },
  ];
  bob.restart();
  await bob.follow();
  const sealed = eve.seal(ops, "true");
  assert.equal(bob.reads(sealed), "true");
  await bob.ready(ops);
  assert.equal(bob.seal(ops, "x").sealed_to, record.epoch_id);
});

test("a key of an epoch that its maker made after it was revoked, or for a topic it may not use, seals nothing", async (t) => {
  const mesh = keyMesh(t);
  const eve = await mesh.member("eve");
  for (const member of [mesh.owner, eve]) await member.follow();
  await mesh.owner.ready(ops);
  mesh.chain.append(mesh.owner.person, { kind: "grants", member_id: eve.person.memberId, destinations: ["#plans"] });
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
  mesh.keys.friends.add(eve.person.memberId);
  // Of her own making, under the head that she knew and under the newest, with the broker's help.
  await eve.keyring.rotate(ops);
  await eve.follow();
  await eve.keyring.rotate(ops);
  await mesh.owner.follow();
  const deepest = Math.max(...mesh.keys.records().map(({ depth }) => depth));
  const hers = mesh.keys.records().filter(({ created_by }) => created_by === eve.person.memberId);
  assert.deepEqual([hers.length, hers.at(-1)?.depth], [2, deepest]);
  await mesh.owner.ready(ops);
  const sealed = mesh.owner.seal(ops, "not for eve");
  assert.ok(hers.every(({ epoch_id }) => epoch_id !== sealed.sealed_to));
  await eve.follow();
  assert.equal(eve.reads(sealed), null);
});

test("a key that names a membership which is not known yet is taken once it is", async (t) => {
  const mesh = keyMesh(t);
  const bob = await mesh.member("bob");
  await bob.follow();
  const kim = await mesh.member("kim");
  for (const member of [mesh.owner, kim]) await member.follow();
  await kim.ready(ops);
  const sealed = kim.seal(ops, "by the newest");
  // The broker keeps the newest entry from bob.
  const hidden = mesh.chain.entries.splice(-1);
  await bob.follow();
  assert.equal(bob.reads(sealed), null);
  mesh.chain.entries.push(...hidden);
  await bob.follow();
  assert.equal(bob.reads(sealed), "by the newest");
});

test("without a link nothing is made, and the next one makes it", async (t) => {
  const mesh = keyMesh(t);
  await mesh.owner.follow();
  mesh.owner.online = false;
  const ready = mesh.owner.keyring.readyFor(ops);
  assert.ok(!ready.ready && ready.reason.code === "waits_for_key" && !ready.forGood);
  mesh.owner.online = true;
  await mesh.owner.follow();
  await mesh.owner.ready(ops);
});

test("however members rotate at once and hear of each other, they come to seal with one key, and all open everything", async (t) => {
  const step = fc.record({ who: fc.nat(2), what: fc.constantFrom("rotate", "seal", "follow", "restart") });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const mesh = keyMesh(t);
      const members = [mesh.owner, await mesh.member("bob"), await mesh.member("kim")];
      for (const member of members) await member.follow();
      const sealed: { readonly text: string; readonly envelope: ReturnType<KeyMember["seal"]> }[] = [];
      for (const [index, { who, what }] of steps.entries()) {
        const member = members[who] ?? mesh.owner;
        if (what === "rotate")
          await member.keyring.rotate(ops).catch((error) => assert.equal(error.code, "too_many_epochs"));
        if (what === "follow") await member.follow();
        if (what === "restart") member.restart();
        if (what === "seal") {
          await member.ready(ops);
          sealed.push({ text: `m${index}`, envelope: member.seal(ops, `m${index}`) });
        }
      }
      for (const member of [...members, ...members]) await member.follow();
      for (const member of members) await member.ready(ops);
      const used = new Set(members.map((member) => member.seal(ops, "last").sealed_to));
      assert.equal(used.size, 1);
      for (const { text, envelope } of sealed) for (const member of members) assert.equal(member.reads(envelope), text);
    }),
    { numRuns: 25 },
  );
});
