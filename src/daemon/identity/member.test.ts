import assert from "node:assert/strict";
import { createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { publicKeyFromHex, sign, verify } from "../../protocol/signing.ts";
import { createMember, readIdentity } from "./member.ts";
import type { MeshFile } from "./mesh-file.ts";

const mesh: MeshFile = {
  mesh_id: "0198f0a0-0000-7000-8000-000000000001",
  slug: "local",
  member_name: "ada",
  broker_url: "ws://127.0.0.1:4000/v1/link",
  broker_key: "ab".repeat(32),
  certificate_print: null,
};

describe("a member's identity", () => {
  let root: string;
  let dir: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "cm-identity-"));
    dir = join(root, "daemon", "local");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("is made once, private to this user, with keys that belong together", () => {
    const made = createMember(dir, mesh, 0);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    assert.equal(statSync(join(dir, "keypair.json")).mode & 0o777, 0o600);
    assert.equal(statSync(join(dir, "mesh.json")).mode & 0o777, 0o600);
    assert.match(made.memberId, /^[0-9a-f]{64}$/);
    assert.equal(made.keyId, made.memberId);
    assert.equal(made.sealingSecret.length, 32);
    assert.deepEqual(made.mesh, mesh);
    const bytes = Buffer.from("hello");
    assert.ok(verify(publicKeyFromHex(made.memberId), bytes, sign(made.signingKey, bytes)));
    const other = generateKeyPairSync("x25519");
    assert.equal(diffieHellman({ privateKey: made.x25519Key, publicKey: other.publicKey }).length, 32);
    assert.ok(createPublicKey(made.x25519Key));
  });

  it("stays the same when made again, while the broker's address may change", () => {
    const first = createMember(dir, mesh, 0);
    const moved = createMember(dir, { ...mesh, broker_url: "ws://127.0.0.1:4001/v1/link" }, 1);
    assert.equal(moved.memberId, first.memberId);
    assert.deepEqual(moved.sealingSecret, first.sealingSecret);
    assert.equal(readIdentity(dir).mesh.broker_url, "ws://127.0.0.1:4001/v1/link");
  });

  it("is refused when others can read the keys", () => {
    createMember(dir, mesh, 0);
    chmodSync(join(dir, "keypair.json"), 0o640);
    assert.throws(() => readIdentity(dir), { code: "invalid_config", hint: /chmod 600/ });
  });

  it("is refused when missing, damaged, mixed from two members, or of a newer program, without quoting a key", () => {
    assert.throws(() => readIdentity(dir), { code: "invalid_config" });
    createMember(dir, mesh, 0);
    const path = join(dir, "keypair.json");
    const good = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    const secret = good["ed25519_privkey"] ?? "";
    const write = (value: unknown): void =>
      writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    const refusal =
      (code: string) =>
      (error: unknown): boolean => {
        assert.ok(error instanceof Error && "code" in error);
        assert.equal(error.code, code);
        assert.ok(!error.message.includes(secret.slice(0, 12)));
        return true;
      };
    for (const bad of [
      "{",
      JSON.stringify(good).slice(0, -20),
      "[]",
      "null",
      { ...good, sealing_secret: "AA" },
      { ...good, ed25519_privkey: good["x25519_privkey"] },
      { ...good, member_id: "me" },
    ]) {
      write(bad);
      assert.throws(() => readIdentity(dir), refusal("invalid_config"));
    }
    const other = createMember(join(root, "other"), mesh, 0);
    write({ ...good, ed25519_pubkey: other.ed25519PublicKey });
    assert.throws(() => readIdentity(dir), refusal("invalid_config"));
    write({ ...good, schema_version: 2 });
    assert.throws(() => readIdentity(dir), refusal("schema_newer"));
    write(good);
    assert.equal(readIdentity(dir).memberId, good["member_id"]);
  });

  it("refuses a mesh file that says nonsense", () => {
    for (const bad of [{ broker_key: "x" }, { broker_url: "http://x" }, { member_name: "a b" }, { slug: "" }]) {
      assert.throws(() => createMember(dir, { ...mesh, ...bad }, 0), { code: "invalid_config" });
    }
  });

  it("tightens a directory that others can enter, because the socket's trust rests on it", () => {
    createMember(dir, mesh, 0);
    chmodSync(dir, 0o755);
    createMember(dir, mesh, 0);
    assert.equal(statSync(dir).mode & 0o777, 0o700);
  });
});
