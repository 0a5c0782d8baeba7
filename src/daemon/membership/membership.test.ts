import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { EntryContent, MembershipEntry } from "../../protocol/membership/entry.ts";
import { activeMember, memberNamed } from "../../protocol/membership/state.ts";
import type { Membership } from "../parts.ts";
import { type ChainBroker, chainBroker, chainMesh, chainPerson, chainTime, foundChain } from "./chain.fixture.ts";
import { createMembership } from "./membership.ts";
import { membershipPath, writeChain } from "./membership-file.ts";

const ada = chainPerson("ada");
const bob = chainPerson("bob");
const carl = chainPerson("carl");
const admitted = (person: typeof ada, role: "admin" | "member" = "member"): EntryContent => ({
  kind: "admit",
  member: person.member,
  role,
});

describe("a home's membership chain", () => {
  let dir: string;
  let broker: ChainBroker;
  let told: { event: string; data: Record<string, unknown> }[];
  let errors: string[];
  /** No pause of an attempt lasts. */
  const clock: Clock = {
    now: () => Date.parse(chainTime),
    after(_delayMs, run) {
      const handle = setImmediate(run);
      return { cancel: () => clearImmediate(handle) };
    },
  };
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (_fields, message) => void errors.push(message),
  };
  const open = (who = ada): Membership =>
    createMembership({
      dir,
      meshId: chainMesh,
      identity: who,
      clock,
      log,
      random: () => 0,
      request: (frame) => broker.request(frame),
      tell: async (event, data) => void told.push({ event, data }),
    });
  const onDisk = (): string[] =>
    readFileSync(membershipPath(dir), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as MembershipEntry).kind);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "cm-membership-"));
    const first = foundChain(ada);
    writeChain(dir, [first]);
    broker = chainBroker([first]);
    told = [];
    errors = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("takes what the broker has above it, on disk before it is in force, and tells of each entry", async () => {
    broker.append(ada, admitted(bob));
    broker.append(ada, admitted(carl));
    broker.append(ada, { kind: "rename", member_id: bob.memberId, name: "bert" });
    const membership = open();
    const heard: number[] = [];
    membership.onChange((entry, state) => {
      assert.equal(onDisk().length, 4);
      heard.push(entry.n, state.n);
    });
    await membership.follow(broker.request);
    assert.deepEqual(heard, [1, 3, 2, 3, 3, 3]);
    assert.deepEqual(onDisk(), ["create", "admit", "admit", "rename"]);
    assert.equal(statSync(membershipPath(dir)).mode & 0o777, 0o600);
    assert.equal(membership.state()?.head, broker.state()?.head);
    assert.deepEqual(
      told.map(({ event, data }) => [event, data["name"], data["name_before"]]),
      [
        ["member_joined", "bob", undefined],
        ["member_joined", "carl", undefined],
        ["member_renamed", "bert", "bob"],
      ],
    );
    assert.deepEqual(open().state(), membership.state());
  });

  it("comes page by page to the head of a long chain", async () => {
    for (let count = 0; count < limits.membershipPageMax + 10; count += 1)
      broker.append(ada, { kind: "dm_from", from: null });
    const membership = open();
    await membership.follow(broker.request);
    assert.equal(membership.state()?.n, limits.membershipPageMax + 10);
    assert.equal(broker.asked.length, 2);
    assert.deepEqual(
      membership.entries(limits.membershipPageMax, 3).map(({ n }) => n),
      [257, 258, 259],
    );
  });

  it("hands in again what the broker has lost, in order, and says loudly that it was lost", async () => {
    broker.append(ada, admitted(bob));
    broker.append(ada, { kind: "revoke", member_id: bob.memberId, through: { epoch: 1, seq: 4 } });
    const membership = open();
    await membership.follow(broker.request);
    const head = broker.state()?.head;
    told.length = 0;
    broker.entries = broker.entries.slice(0, 1);
    await membership.follow(broker.request);
    assert.equal(broker.state()?.head, head);
    assert.deepEqual(
      told.map(({ event }) => event),
      ["membership_rolled_back"],
    );
    assert.match(errors.join(), /HAS LOST/);
    assert.equal(membership.trouble(), null);
    assert.equal(activeMember(membership.state() ?? assert.fail(), bob.memberId), null);
  });

  it("keeps what it holds while a broker refuses to take it back", async () => {
    broker.append(ada, admitted(bob));
    const membership = open();
    await membership.follow(broker.request);
    broker.entries = [];
    broker.before = (type) => {
      if (type === "membership_append") throw new ClaudemeshError("not_allowed", "not by a link");
    };
    await membership.follow(broker.request);
    assert.equal(membership.trouble()?.code, "membership_rolled_back");
    await assert.rejects(
      membership.append(() => ({ kind: "dm_from", from: null })),
      { code: "membership_rolled_back" },
    );
    assert.equal(membership.state()?.n, 1);
    assert.equal(told.filter(({ event }) => event === "membership_rolled_back").length, 1);
  });

  for (const [what, fork] of [
    ["as long as ours", 1],
    ["longer than ours", 2],
  ] as const) {
    it(`takes nothing of another chain, ${what}, and says so until it is gone`, async () => {
      const before = broker.entries.slice();
      broker.append(ada, admitted(bob));
      const ours = broker.entries;
      const membership = open();
      await membership.follow(broker.request);
      broker.entries = before;
      for (let count = 0; count < fork; count += 1) broker.append(ada, admitted([carl, bob][count] ?? carl));
      await membership.follow(broker.request);
      assert.equal(membership.trouble()?.code, "membership_forked");
      assert.deepEqual(onDisk(), ["create", "admit"]);
      assert.equal(memberNamed(membership.state() ?? assert.fail(), "carl"), null);
      assert.match(errors.join(), /ANOTHER MEMBERSHIP/);
      await membership.follow(broker.request);
      assert.equal(told.filter(({ event }) => event === "membership_forked").length, 1);
      await assert.rejects(
        membership.append(() => admitted(carl)),
        { code: "membership_forked" },
      );
      broker.entries = ours;
      await membership.follow(broker.request);
      assert.equal(membership.trouble(), null);
    });
  }

  it("takes what holds and nothing from the first entry that does not", async () => {
    broker.append(ada, admitted(bob));
    const good = broker.append(ada, admitted(carl));
    broker.entries = [...broker.entries.slice(0, 2), { ...good, at: "2027-01-01T00:00:00.000Z" } as MembershipEntry];
    const membership = open();
    await membership.follow(async (frame) => {
      const after = Number(frame["after"]);
      return { entries: broker.entries.slice(after + 1), head: { n: 2, hash: "ab".repeat(32) }, log: broker.log };
    });
    assert.equal(membership.trouble()?.code, "membership_invalid");
    assert.deepEqual(onDisk(), ["create", "admit"]);
  });

  it("does not believe a broker that names a head which it does not show", async () => {
    const membership = open();
    await membership.follow(async () => ({ entries: [], head: { n: 9, hash: "ab".repeat(32) }, log: broker.log }));
    assert.equal(membership.trouble()?.code, "membership_invalid");
    for (const nonsense of [
      null,
      7,
      {},
      { entries: {}, head: null, log: {} },
      { entries: [], head: 1, log: broker.log },
    ])
      await assert.rejects(
        membership.follow(async () => nonsense),
        { code: "protocol_error" },
      );
  });

  it("adopts no chain for a home that has pinned none", async () => {
    rmSync(membershipPath(dir));
    const membership = open();
    assert.equal(membership.trouble()?.code, "mesh_unsealed");
    await membership.follow(broker.request);
    assert.equal(membership.state(), null);
    assert.match(membership.trouble()?.message ?? "", /has not taken over/);
    assert.equal(membership.trouble()?.hint, "claudemesh mesh seal");
    await assert.rejects(
      membership.append(() => admitted(bob)),
      { code: "mesh_unsealed" },
    );
  });

  it("makes its entry again when another came first, and both are in force", async () => {
    const membership = open();
    let others = 2;
    broker.before = (type) => {
      if (type !== "membership_append" || others === 0) return;
      others -= 1;
      broker.append(ada, { kind: "dm_from", from: null });
    };
    const done = membership.append((state, place) => {
      assert.deepEqual(place, { epoch: 1, seq: 40 });
      return { kind: "rename", member_id: ada.memberId, name: `ada-${state.n}` };
    });
    const entry = await done;
    assert.equal(entry.n, 3);
    assert.deepEqual(onDisk(), ["create", "dm_from", "dm_from", "rename"]);
    assert.equal(membership.state()?.head, broker.state()?.head);
  });

  it("gives up an entry after some attempts, and refuses one that may not be before anything is sent", async () => {
    const membership = open();
    broker.before = (type) => {
      if (type === "membership_append") broker.append(ada, { kind: "dm_from", from: null });
    };
    await assert.rejects(
      membership.append(() => admitted(bob)),
      { code: "membership_moved" },
    );
    broker.before = null;
    broker.asked.length = 0;
    await assert.rejects(
      membership.append((_, through) => ({ kind: "leave", through })),
      { code: "last_owner" },
    );
    assert.ok(!broker.asked.includes("membership_append"));
  });
});
