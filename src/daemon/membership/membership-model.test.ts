import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Clock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { verifyChain } from "../../protocol/membership/chain.ts";
import type { EntryContent, MembershipEntry } from "../../protocol/membership/entry.ts";
import type { Membership } from "../parts.ts";
import { type ChainBroker, chainBroker, chainMesh, chainPerson, chainTime, foundChain } from "./chain.fixture.ts";
import { createMembership } from "./membership.ts";
import { membershipPath, writeChain } from "./membership-file.ts";

/**
 * Homes of several members against a broker that withholds, puts back, forks, swaps and alters entries, with homes that are
 * killed and started again, in any order. After every step and for every home:
 * 1. its chain only ever grows, on disk and in force alike, and every entry of it holds;
 * 2. two homes that hold the same number of entries and were never shown a fork hold the same ones;
 * 3. a home that is not at the broker's head after following says why.
 * At the end an honest broker with any home's chain brings every home that was not forked to one head.
 */
type Step =
  | { readonly do: "change"; readonly home: number; readonly what: number }
  | { readonly do: "follow" | "restart"; readonly home: number }
  | { readonly do: "withhold" | "roll back" | "fork" | "alter"; readonly at: number }
  | { readonly do: "honest" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("change" as const), home: fc.nat(2), what: fc.nat(5) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom("follow" as const, "restart" as const), home: fc.nat(2) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("withhold" as const, "roll back" as const, "fork" as const, "alter" as const),
      at: fc.nat(8),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("honest" as const) }) },
);

const people = ["ada", "bob", "carl"].map((name) => chainPerson(name));
const [ada, bob, carl] = people as [(typeof people)[0], (typeof people)[0], (typeof people)[0]];
const beginning = chainBroker([foundChain(ada)]);
beginning.append(ada, { kind: "admit", member: bob.member, role: "admin" });
beginning.append(ada, { kind: "admit", member: carl.member, role: "member" });

const clock: Clock = {
  now: () => Date.parse(chainTime),
  after(_delayMs, run) {
    const handle = setImmediate(run);
    return { cancel: () => clearImmediate(handle) };
  },
};

/** Contents of which some are refused: who may say what is the chain's to judge. */
function content(what: number, serial: number): EntryContent {
  const member_id = [bob, carl][what % 2]?.memberId ?? "";
  const contents: readonly EntryContent[] = [
    { kind: "rename", member_id, name: `n${serial}` },
    { kind: "dm_from", from: null },
    { kind: "role", member_id: carl.memberId, role: serial % 2 === 0 ? "guest" : "member" },
    { kind: "grants", member_id: carl.memberId, destinations: serial % 2 === 0 ? ["#a"] : null },
    { kind: "policy", destination: "#a", unsealed: serial % 2 === 0 },
    { kind: "admit", member: chainPerson(`m${serial}`).member, role: "guest" },
  ];
  return contents[what] ?? { kind: "dm_from", from: null };
}

function bench() {
  const dirs = people.map(() => mkdtempSync(join(tmpdir(), "cm-chain-model-")));
  const homes: Membership[] = [];
  const longest: MembershipEntry[][] = [];
  const forked = new Set<number>();
  let broker: ChainBroker = chainBroker(beginning.entries);
  let shown: number | null = null;
  let altered: number | null = null;
  const request = async (frame: { type: string } & Record<string, unknown>): Promise<unknown> => {
    const result = (await broker.request(frame)) as { entries: MembershipEntry[]; head: unknown };
    if (frame.type !== "membership") return result;
    const entries = result.entries
      .filter(({ n }) => shown === null || n <= shown)
      .map((entry) => (entry.n === altered ? { ...entry, at: "2027-01-01T00:00:00.000Z" } : entry));
    return { ...result, entries };
  };
  const open = (home: number): void => {
    const [dir = "", person = ada] = [dirs[home], people[home]];
    homes[home] = createMembership({
      dir,
      meshId: chainMesh,
      identity: person,
      clock,
      log: silentLog,
      random: () => 0,
      request,
      tell: async (event) => void (event === "membership_forked" && forked.add(home)),
    });
  };
  for (const [home, dir] of dirs.entries()) {
    writeChain(dir, beginning.entries);
    longest[home] = [...beginning.entries];
    open(home);
  }
  const of = (home: number): Membership => homes[home] ?? assert.fail("no such home");
  const holds = (): void => {
    for (const [home, dir] of dirs.entries()) {
      const onDisk = readFileSync(membershipPath(dir), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as MembershipEntry);
      const before = longest[home] ?? [];
      assert.deepEqual(onDisk.slice(0, before.length), before, "a chain only grows");
      const state = verifyChain(onDisk, chainMesh);
      assert.equal(of(home).state()?.head, state.head, "what is in force is what is on disk");
      longest[home] = onDisk;
    }
  };
  return {
    forked,
    of,
    open,
    holds,
    longest: () => longest,
    broker: () => broker,
    /** The broker holds this now. */
    put(entries: readonly MembershipEntry[]): void {
      broker = chainBroker(entries);
    },
    honest(): void {
      shown = null;
      altered = null;
    },
    withhold(at: number): void {
      shown = at;
    },
    alter(at: number): void {
      altered = at;
    },
    follow: (home: number) => of(home).follow(request),
    end(): void {
      for (const dir of dirs) rmSync(dir, { recursive: true });
    },
  };
}

test("whatever a broker does, a home's chain only grows, holds, and is never another's in silence", async () => {
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const made = bench();
      try {
        for (const one of steps) {
          serial += 1;
          await take(made, one, serial);
          made.holds();
        }
        await settles(made);
      } finally {
        made.end();
      }
    }),
    { numRuns: 60 },
  );
});

async function take(made: ReturnType<typeof bench>, one: Step, serial: number): Promise<void> {
  const place = "at" in one ? Math.min(3 + one.at, made.broker().entries.length - 1) : 0;
  switch (one.do) {
    case "change":
      return made
        .of(one.home)
        .append(() => content(one.what, serial))
        .then(
          () => undefined,
          (thrown: unknown) => assert.ok(thrown instanceof ClaudemeshError, String(thrown)),
        );
    case "follow": {
      await made.follow(one.home);
      const home = made.of(one.home);
      const atHead = home.state()?.head === made.broker().state()?.head;
      assert.ok(atHead || home.trouble() !== null, "apart from the broker, and silent about it");
      if (atHead) assert.equal(home.trouble(), null);
      return;
    }
    case "restart":
      return made.open(one.home);
    case "withhold":
      return made.withhold(place);
    case "alter":
      return made.alter(place);
    case "roll back":
      return made.put(made.broker().entries.slice(0, place));
    case "fork": {
      // One that has lost everything forks at the beginning: without that there is nothing to append to.
      const kept = made.broker().entries.slice(0, Math.max(1, place));
      made.put(kept.length > 0 ? kept : beginning.entries.slice(0, 1));
      made.broker().append(ada, { kind: "policy", destination: `#fork-${serial}`, unsealed: true });
      return;
    }
    case "honest":
      return made.honest();
  }
}

/** The broker is honest from here on, and holds what a home that was never shown a fork holds at most. */
async function settles(made: ReturnType<typeof bench>): Promise<void> {
  made.honest();
  const sound = [0, 1, 2].filter((home) => made.of(home).trouble()?.code !== "membership_forked");
  for (const home of sound) await made.follow(home);
  for (const home of sound) await made.follow(home);
  const agreed = sound.filter((home) => made.of(home).trouble() === null);
  const heads = new Set(agreed.map((home) => made.of(home).state()?.head));
  assert.ok(heads.size <= 1, "homes without trouble hold one chain");
  if (agreed.length > 0) assert.equal([...heads][0], made.broker().state()?.head);
  for (const home of sound.filter((one) => !agreed.includes(one)))
    assert.equal(made.of(home).trouble()?.code, "membership_forked");
}
