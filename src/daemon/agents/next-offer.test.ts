import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../protocol/limits.ts";
import { isFree, nextOffer, type Offer, type OfferEvent } from "./next-offer.ts";

/**
 * A session in the model: what was put into it, which the state machine does not see. Every taker puts the message in and may die before
 * or after it, confirm late, twice or never.
 */
interface Model {
  offer: Offer | null;
  now: number;
  serial: number;
  /** Offer ids in the order in which they were given out, each with the repeat that it said. */
  readonly given: { readonly offerId: string; readonly repeat: number; inSession: boolean; wasConfirmed: boolean }[];
  told: { injected: boolean; read: boolean };
}

type Step =
  | { readonly do: "take"; readonly notice: boolean }
  | {
      readonly do: "put" | "confirm" | "confirmRead" | "extend" | "giveBack" | "unwritten" | "held" | "denied";
      readonly which: number;
    }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "seen" | "ended" | "read" | "release" };

const which = fc.nat(4);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("take" as const), notice: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(["put", "confirm", "confirmRead", "extend", "giveBack", "unwritten", "held", "denied"] as const),
      ),
      which,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(2 * limits.offerLeaseMs) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom(...(["seen", "ended", "read", "release"] as const)) }) },
);

test("whatever the parties do, a message is put in twice only as a repeat, and nothing is told before it is true", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
      const model: Model = { offer: null, now: 1_000, serial: 0, given: [], told: { injected: false, read: false } };
      for (const one of steps) play(model, one);
    }),
    { numRuns: 2_000 },
  );
});

function play(model: Model, one: Step): void {
  switch (one.do) {
    case "pass":
      model.now += one.ms;
      return;
    case "take": {
      model.serial += 1;
      const offerId = `offer-${model.serial}`;
      const leaseUntil = model.now + limits.offerLeaseMs;
      const isLive = model.offer?.state === "offered" && (model.offer.lease_until ?? 0) > model.now;
      const free = isFree(model.offer, model.now);
      const changed = apply(model, { kind: "taken", way: "hook", offerId, notice: one.notice, leaseUntil });
      assert.equal(changed, free);
      assert.ok(!(changed && isLive), "never two live offers of one message");
      if (changed)
        model.given.push({ offerId, repeat: model.offer?.offers ?? 0, inSession: false, wasConfirmed: false });
      return;
    }
    case "put": {
      const given = at(model, one.which);
      // Only who has it puts it in, and does so before it confirms.
      if (given === undefined) return;
      const earlier = model.given.filter(({ inSession }) => inSession);
      if (given.inSession) return;
      assert.ok(earlier.length === 0 || given.repeat > 1 || isBefore(model, given.offerId), "a second time says so");
      given.inSession = true;
      return;
    }
    case "confirm":
    case "confirmRead": {
      const given = at(model, one.which);
      if (given?.inSession !== true) return;
      if (apply(model, { kind: "confirmed", offerId: given.offerId, read: one.do === "confirmRead" })) {
        assert.equal(given.offerId, model.given.at(-1)?.offerId, "only the last offer is confirmed");
        given.wasConfirmed = true;
      }
      return;
    }
    case "seen":
      // A session shows what was put in, and nothing else.
      if (model.given.some(({ inSession }) => inSession)) apply(model, { kind: "seen" });
      return;
    case "extend": {
      const leaseUntil = model.now + limits.offerLeaseMs;
      return void withId(model, one.which, (offerId) => ({ kind: "extended", offerId, leaseUntil }));
    }
    case "giveBack":
      return void withId(model, one.which, (offerId) => ({ kind: "gave_back", offerId, reason: "r" }));
    case "unwritten": {
      const given = at(model, one.which);
      if (given === undefined || given.inSession) return;
      // Whoever gives it back as unwritten does not write it later.
      if (apply(model, { kind: "gave_back", offerId: given.offerId, reason: "r", unseen: true }))
        model.given.splice(model.given.indexOf(given), 1);
      return;
    }
    case "held":
    case "denied": {
      const kind = one.do;
      return void withId(model, one.which, (offerId) => ({ kind, offerId, reason: "r" }));
    }
    case "ended":
      return void apply(model, { kind: "session_ended" });
    case "read":
      return void apply(model, { kind: "read" });
    case "release":
      return void apply(model, { kind: "released" });
  }
}

function withId(model: Model, which: number, event: (offerId: string) => OfferEvent): void {
  const given = at(model, which);
  if (given !== undefined) apply(model, event(given.offerId));
}

function at(model: Model, which: number) {
  return model.given.at(-1 - which);
}

/** Given out before another one was: it may be put in late, beside the later one, which says that it is a repeat. */
function isBefore(model: Model, offerId: string): boolean {
  return model.given.at(-1)?.offerId !== offerId;
}

function apply(model: Model, event: OfferEvent): boolean {
  const before = model.offer;
  const next = nextOffer(before, event, model.now);
  if (next === null) return false;
  model.offer = next;
  const isIn = model.given.some(({ inSession }) => inSession);
  if (next.state === "injected" && before?.state !== "injected") {
    assert.ok(isIn, "injected is told of what is in a session");
    assert.ok(!next.notice, "a notice is not the message");
    assert.ok(!model.told.injected, "injected is told once");
    model.told.injected = true;
  }
  if (before?.state === "read") assert.fail("nothing follows read");
  if (before?.state === "injected") assert.equal(next.state, "read", "what is in a session is not offered again");
  assert.equal(next.lease_until === null, next.state !== "offered", "a lease stands exactly while it is offered");
  assert.ok(next.offers >= model.given.filter(({ inSession }) => inSession).length, "every one put in is counted");
  return true;
}

const base: Offer = {
  state: "waiting",
  way: "hook",
  offer_id: "a",
  offers: 1,
  notice: false,
  lease_until: null,
  reason: null,
};

test("a held message waits for its session's user, without a lease, and goes on as that says", () => {
  const offered = { ...base, state: "offered" as const, lease_until: 2_000 };
  const held = nextOffer(offered, { kind: "held", offerId: "a", reason: "asked" }, 1_000);
  assert.deepEqual([held?.state, held?.lease_until, held?.reason], ["held", null, "asked"]);
  assert.ok(held !== null && !isFree(held, 1_000_000));
  assert.equal(nextOffer(held, { kind: "confirmed", offerId: "a", read: false }, 1)?.state, "injected");
  assert.equal(nextOffer(held, { kind: "denied", offerId: "a", reason: "no" }, 1)?.state, "denied");
  assert.equal(nextOffer(held, { kind: "gave_back", offerId: "a", reason: "expired" }, 1)?.state, "waiting");
  assert.equal(nextOffer(held, { kind: "session_ended" }, 1)?.state, "waiting");
});

test("what was refused, or only told of, waits for somebody to release it", () => {
  for (const state of ["denied", "notified"] as const) {
    const offer = { ...base, state };
    assert.ok(!isFree(offer, 1_000_000));
    assert.equal(nextOffer(offer, { kind: "released" }, 1)?.state, "waiting");
  }
  for (const state of ["waiting", "injected", "read"] as const)
    assert.equal(nextOffer({ ...base, state }, { kind: "released" }, 1), null);
});
