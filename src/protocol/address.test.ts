import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkName, parseAddress } from "./address.ts";
import { ClaudemeshError } from "./error.ts";
import { refusal, refusalError, resultOrRefusal } from "./refusal.fixture.ts";

const alice = "a1".repeat(32);

test("the five forms of an address are read", () => {
  assert.deepEqual(parseAddress("@alice"), { kind: "member", member: "alice", byId: false, agent: null });
  assert.deepEqual(parseAddress("@alice/reviewer"), {
    kind: "member",
    member: "alice",
    byId: false,
    agent: "reviewer",
  });
  assert.deepEqual(parseAddress(`@${alice}`), { kind: "member", member: alice, byId: true, agent: null });
  assert.deepEqual(parseAddress(`@${alice}/a.b_c-1`), { kind: "member", member: alice, byId: true, agent: "a.b_c-1" });
  assert.deepEqual(parseAddress("#builds"), { kind: "topic", name: "builds" });
  assert.deepEqual(parseAddress("queue:jobs"), { kind: "queue", name: "jobs" });
});

test("names are read without regard to case", () => {
  assert.deepEqual(parseAddress("@Alice/Reviewer"), parseAddress("@alice/reviewer"));
  assert.deepEqual(parseAddress("#BUILDS"), parseAddress("#builds"));
  assert.equal(checkName("Web-01", "member"), "web-01");
});

test("a member_id in capitals is that member and never a member of that name", () => {
  assert.deepEqual(parseAddress(`@${alice.toUpperCase()}`), parseAddress(`@${alice}`));
});

test("nothing is guessed: a text without its sign, or with more than its name, is refused", () => {
  const wrong = [
    "",
    "alice",
    "@",
    "#",
    "queue:",
    "@/x",
    "@alice/",
    "@alice/a/b",
    "@@alice",
    "##a",
    "#a/b",
    "queue:a/b",
    "QUEUE:a",
    "topic:a",
    "*",
    "@*",
    "all",
    " @alice",
    "@alice ",
    "@al ice",
    "@alice\n",
    "@.alice",
    "@-alice",
    "@_alice",
    "#a#b",
    "@alice,@bob",
    "queue: a",
  ];
  for (const text of wrong)
    assert.equal(
      refusal(() => parseAddress(text)),
      "invalid_destination",
      JSON.stringify(text),
    );
});

test("a name has 1 to 64 characters of a–z, 0–9, '.', '_', '-' and begins with a letter or digit", () => {
  for (const name of ["a", "0", "a.b_c-d", "x".repeat(64)]) assert.equal(checkName(name, "topic"), name);
  for (const name of ["", "x".repeat(65), ".a", "-a", "_a", "a b", "a/b", "a\u0000", "ä", "a\u0301", "😂"]) {
    assert.equal(
      refusal(() => checkName(name, "topic")),
      "invalid_destination",
      JSON.stringify(name),
    );
  }
});

test("a letter of another script that lower-cases to ASCII is no second spelling of a name", () => {
  // U+212A, the Kelvin sign, lower-cases to "k".
  assert.equal(
    refusal(() => checkName("\u212aate", "member")),
    "invalid_destination",
  );
  assert.equal(
    refusal(() => parseAddress("@\u212aate")),
    "invalid_destination",
  );
});

test("a name that was read is its own spelling, and no text throws anything but the typed error", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string().map((rest) => `@${rest}`),
    fc.stringMatching(/^[@#][A-Za-z0-9._/-]{0,70}$/),
  );
  fc.assert(
    fc.property(text, (written) => {
      const address = resultOrRefusal(() => parseAddress(written));
      if (address instanceof ClaudemeshError) return assert.equal(address.code, "invalid_destination");
      const name = address.kind === "member" ? address.member : address.name;
      assert.equal(checkName(name, "name"), name);
      assert.match(written, /^[\x21-\x7e]+$/);
    }),
    { numRuns: 1_000 },
  );
});

test("a refusal repeats the text without its controls and cut short, and says what addresses look like", () => {
  const error = refusalError(() => parseAddress(`\u001b[31m${"x".repeat(500)}`));
  assert.match(error.message, /^[\x20-\x7e]{1,120}$/);
  assert.match(error.hint ?? "", /@member/);
});
