import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { type Invite, inviteLink, inviteLinkCharsMax, parseInvite } from "./invite.ts";
import { refusal, refusalError, resultOrRefusal } from "./refusal.fixture.ts";

const invite: Invite = {
  authority: "192.168.1.5:8787",
  transport: { kind: "pinned", certificate_print: "cd".repeat(32) },
  broker_key: "ab".repeat(32),
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  seed: Buffer.alloc(32, 7),
  expires_at: 1_800_000_000_000,
  membership_head: "ef".repeat(32),
};

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const anyInvite: fc.Arbitrary<Invite> = fc
  .record({
    authority: fc.constantFrom("10.0.0.1:8787", "mesh.example", "[2001:db8::1]:443", "127.0.0.1:1", "a-b.c:65535"),
    transport: fc.oneof(
      fc.constant({ kind: "plain" as const }),
      fc.constant({ kind: "trusted" as const }),
      hex32.map((certificate_print) => ({ kind: "pinned" as const, certificate_print })),
    ),
    broker_key: hex32,
    mesh_id: fc.constant("0198f0a0-0000-7000-8000-000000000001"),
    slug: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/),
    seed: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    expires_at: fc.nat(Number.MAX_SAFE_INTEGER),
    membership_head: fc.option(hex32, { nil: null }),
  })
  .map((any) => ({ ...any }));

test("a link says what the invite says, has no character that a shell would touch, and its host can be read", () => {
  fc.assert(
    fc.property(anyInvite, (any) => {
      const link = inviteLink(any);
      assert.deepEqual(parseInvite(link), any);
      assert.match(link, /^claudemesh:\/\/[a-z0-9.:[\]-]+\/[A-Za-z0-9_-]+$/);
      assert.ok(link.length <= inviteLinkCharsMax);
    }),
  );
  assert.ok(inviteLink(invite).startsWith("claudemesh://192.168.1.5:8787/AQ"));
});

test("white space around a link, and capitals in its host, do not matter", () => {
  const link = inviteLink({ ...invite, authority: "mesh.example:8787" });
  assert.deepEqual(parseInvite(` ${link}\r\n`), parseInvite(link));
  assert.deepEqual(parseInvite(link.replace("mesh.example", "MESH.example")), parseInvite(link));
});

test("a link cut anywhere behind its host is told as truncated, and nothing of it as good", () => {
  const link = inviteLink(invite);
  const hostEnds = link.indexOf("/", "claudemesh://".length);
  // The last character of the text can hold fewer than six bits of a byte: without it too the end is missing.
  for (let end = hostEnds; end < link.length; end += 1)
    assert.equal(
      refusal(() => parseInvite(link.slice(0, end))),
      "invite_truncated",
      String(end),
    );
});

test("one changed character anywhere is never read as an invite", () => {
  const link = inviteLink(invite);
  fc.assert(
    fc.property(fc.nat(link.length - 1), fc.constantFrom(..."abcXYZ0189-_/.:"), (at, character) => {
      const changed = link.slice(0, at) + character + link.slice(at + 1);
      fc.pre(changed !== link);
      const outcome = resultOrRefusal(() => parseInvite(changed));
      // The spelling alone may differ: base64url has two for some last characters.
      if ("code" in outcome) assert.match(outcome.code, /^invite_(malformed|truncated|altered|newer)$/);
      else assert.deepEqual(outcome, invite);
    }),
    { numRuns: 500 },
  );
  assert.equal(
    refusal(() => parseInvite(link.replace("192.168.1.5", "192.168.1.6"))),
    "invite_altered",
  );
});

test("what is no link is told as that, whatever it holds, and not shown raw", () => {
  for (const text of ["", "hello", "https://mesh.example/x", "claudemesh:/x", `claudemesh://h/${"A".repeat(2_000)}`])
    assert.equal(
      refusal(() => parseInvite(text)),
      "invite_malformed",
      text.slice(0, 40),
    );
  assert.doesNotMatch(refusalError(() => parseInvite("\u001b[31mred\u0007")).message, /[\u0000-\u001f]/);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.match(
        refusal(() => parseInvite(text)),
        /^invite_/,
      );
      assert.match(
        refusal(() => parseInvite(`claudemesh://h:1/${text}`)),
        /^invite_/,
      );
    }),
  );
});

test("fields that are not known are skipped; a later version is told as newer", () => {
  const link = inviteLink(invite);
  const bytes = Buffer.from(link.slice(link.lastIndexOf("/") + 1), "base64url");
  const fields = Buffer.concat([bytes.subarray(3, -8), Buffer.from([200, 2, 1, 2])]);
  assert.deepEqual(parseInvite(resealed(1, fields)), invite);
  assert.equal(
    refusal(() => parseInvite(resealed(2, fields))),
    "invite_newer",
  );
  assert.equal(
    refusal(() => parseInvite(resealed(0, fields))),
    "invite_altered",
  );
});

test("a link whose check holds and whose fields do not is altered: short keys, no secret, a slug that is no name", () => {
  const bytes = Buffer.from(inviteLink(invite).split("/").at(-1) ?? "", "base64url").subarray(3, -8);
  for (let cut = 0; cut < bytes.length; cut += 1)
    assert.equal(
      refusal(() => parseInvite(resealed(1, bytes.subarray(0, cut)))),
      "invite_altered",
      String(cut),
    );
  for (const slug of ["../x", "A", "", "x".repeat(65)])
    assert.equal(
      refusal(() => parseInvite(inviteLink({ ...invite, slug }))),
      "invite_altered",
      slug,
    );
});

/** A link around any fields, with a check that holds. */
function resealed(version: number, fields: Uint8Array): string {
  const head = Buffer.from([version, fields.length >> 8, fields.length & 0xff]);
  const said = Buffer.concat([head, fields]);
  const check = createHash("sha256").update(`claudemesh:invite:v1\0${invite.authority}\0`).update(said).digest();
  return `claudemesh://${invite.authority}/${Buffer.concat([said, check.subarray(0, 8)]).toString("base64url")}`;
}

test("the authority is a host and a port and nothing else: a link cannot look like one broker and lead to another", () => {
  const made = (authority: string) => refusal(() => parseInvite(inviteLink({ ...invite, authority })));
  for (const authority of [
    "mesh.example@evil.example",
    "mesh.example:8787@evil.example:1",
    "evil.example?mesh.example",
    "evil.example#mesh.example",
    "evil.example\\mesh.example",
    "mesh.example\u0000",
    "127.1:8787",
    "0x7f.1",
    "$(id)",
    "a;id;",
    "",
  ])
    assert.equal(made(authority), "invite_altered", authority);
  for (const authority of ["mesh.example:443", "mesh.example:80", "mesh.example.", "[::1]:8787", "[fd00::1]"])
    assert.equal(parseInvite(inviteLink({ ...invite, authority })).authority, authority);
});
