import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { FileLayer } from "../../base/file-layer.ts";
import type { Log } from "../../base/log.ts";
import { diskFails, stoppingFiles } from "../../base/stopping-files.fixture.ts";
import { createKeypair, type Keypair } from "./keypair.ts";
import { type ArchiveSettings, type KeypairArchive, openKeypairArchive } from "./keypair-archive.ts";

const start = Date.parse("2026-01-01T00:00:00.000Z");
const dayMs = 86_400_000;
type Entry = Record<string, string>;

describe("the archive of former keys", () => {
  let dir: string;
  let settings: ArchiveSettings;
  let logged: { level: string; fields: Record<string, unknown>; message: string }[];
  let counted: string[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "cm-archive-"));
    settings = { key_grace_period_days: 7, max_archived_keys: 8, archive_on_malformed: "quarantine" };
    logged = [];
    counted = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void logged.push({ level, fields, message });
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const open = (now = start, files?: FileLayer): KeypairArchive =>
    openKeypairArchive({
      dir,
      settings: () => settings,
      now,
      log,
      count: {
        expired: () => void counted.push("expired"),
        forceExpired: () => void counted.push("forced"),
        malformed: (lost) => void counted.push(`malformed, lost ${lost}`),
      },
      ...(files === undefined ? {} : { files }),
    });
  const path = (): string => join(dir, "keypair-archive.json");
  const file = (): { schema_version: number; max_archived_keys: number; keys: Entry[] } =>
    JSON.parse(readFileSync(path(), "utf8"));
  const write = (value: unknown): void =>
    writeFileSync(path(), typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 });
  const aside = (): string[] => readdirSync(dir).filter((name) => name.includes(".malformed-"));
  const pair = (): Keypair => createKeypair(mkdtempSync(join(dir, "of-")), start);
  /** An archive of so many keys, a day apart, the last one the newest. */
  const filled = (count: number): Keypair[] => {
    const archive = open();
    return Array.from({ length: count }, (_, day) => {
      const keypair = pair();
      archive.put(keypair, start + day * dayMs);
      return keypair;
    });
  };
  const ids = (archive: KeypairArchive): string[] => archive.keys().map(({ keyId }) => keyId);
  const other = { keyId: "ab".repeat(32), changing: false };

  it("is a private file with exactly its fields, and empty without a word where there is none", () => {
    assert.deepEqual(open().keys(), []);
    assert.deepEqual(logged, []);
    const [keypair] = filled(1);
    assert.equal(statSync(path()).mode & 0o777, 0o600);
    const { keys, ...rest } = file();
    assert.deepEqual(rest, { schema_version: 1, max_archived_keys: 8 });
    const { x25519_privkey: secret, ...entry } = keys[0] ?? {};
    assert.match(secret ?? "", /^[\w-]{40,}$/);
    assert.deepEqual(entry, {
      key_id: keypair?.keyId,
      ed25519_pubkey: keypair?.ed25519PublicKey,
      x25519_pubkey: keypair?.x25519PublicKey,
      created_at: "2026-01-01T00:00:00.000Z",
      rotated_out_at: "2026-01-01T00:00:00.000Z",
      expires_at: "2026-01-08T00:00:00.000Z",
    });
  });

  it("gives each key the grace that is set when it is changed, and lists the newest first", () => {
    const [first] = filled(1);
    settings = { ...settings, key_grace_period_days: 30 };
    const archive = open();
    const second = pair();
    archive.put(second, start + dayMs);
    assert.deepEqual(ids(open()), [second.keyId, first?.keyId]);
    assert.deepEqual(
      open()
        .keys()
        .map(({ expiresAt }) => expiresAt.slice(0, 10)),
      ["2026-02-01", "2026-01-08"],
    );
  });

  it("forgets keys at their date, not before, and the file goes with the last of them", () => {
    const [first, second] = filled(2);
    const archive = open();
    assert.deepEqual(archive.prune(other, start + 7 * dayMs - 1), []);
    assert.deepEqual(archive.prune(other, start + 7 * dayMs), [first?.keyId]);
    assert.deepEqual(ids(open()), [second?.keyId]);
    assert.deepEqual(archive.prune(other, start + 8 * dayMs), [second?.keyId]);
    assert.throws(() => statSync(path()), { code: "ENOENT" });
    assert.deepEqual(counted, ["expired", "expired"]);
  });

  it("drops the oldest before its time where there are too many, says which, and counts it", () => {
    const keypairs = filled(4);
    settings = { ...settings, max_archived_keys: 2 };
    const archive = open(start + 4 * dayMs);
    assert.deepEqual(
      archive.prune(other, start + 4 * dayMs).toSorted(),
      keypairs
        .slice(0, 2)
        .map(({ keyId }) => keyId)
        .toSorted(),
    );
    assert.deepEqual(ids(open()), [keypairs[3]?.keyId, keypairs[2]?.keyId]);
    assert.deepEqual(counted, ["forced", "forced"]);
    assert.deepEqual(
      logged
        .filter(({ level }) => level === "warn")
        .map(({ fields }) => fields["key_id"])
        .toSorted(),
      keypairs
        .slice(0, 2)
        .map(({ keyId }) => keyId)
        .toSorted(),
    );
    assert.equal(file().max_archived_keys, 2);
  });

  it("keeps the key in use only while keys are changed, beyond every bound", () => {
    const [first] = filled(1);
    settings = { ...settings, max_archived_keys: 1 };
    const archive = open();
    const inUse = pair();
    archive.put(inUse, start);
    assert.deepEqual(archive.prune({ keyId: inUse.keyId, changing: true }, start), []);
    assert.deepEqual(archive.prune({ keyId: inUse.keyId, changing: false }, start), []);
    assert.deepEqual(ids(archive), [first?.keyId]);
    assert.deepEqual(counted, []);
  });

  const damages: readonly [
    string,
    (entries: Entry[]) => unknown,
    { readonly saved: number; readonly lost: number | null },
  ][] = [
    [
      "a text that was cut",
      (keys) => JSON.stringify({ schema_version: 1, max_archived_keys: 8, keys }).slice(0, -40),
      { saved: 2, lost: null },
    ],
    ["bytes that are nothing", () => "\u0000\u0001 nothing", { saved: 0, lost: null }],
    ["another schema", (keys) => ({ schema_version: 0, keys }), { saved: 3, lost: 0 }],
    ["no list of keys", () => ({ schema_version: 1, keys: {} }), { saved: 0, lost: null }],
    [
      "an entry with another's private key",
      ([a, b, c]) => ({ schema_version: 1, keys: [{ ...a, x25519_privkey: b?.["x25519_privkey"] }, b, c] }),
      { saved: 2, lost: 1 },
    ],
    [
      "an entry with an ed25519 key of another name",
      ([a, b, c]) => ({ schema_version: 1, keys: [{ ...a, ed25519_pubkey: b?.["key_id"] }, b, c] }),
      { saved: 2, lost: 1 },
    ],
    [
      "an entry without a date",
      ([a, b, c]) => ({ schema_version: 1, keys: [a, { ...b, expires_at: "soon" }, c] }),
      { saved: 2, lost: 1 },
    ],
    ["a key_id twice", ([a, b, c]) => ({ schema_version: 1, keys: [a, b, c, a] }), { saved: 3, lost: 1 }],
    ["entries that are none", ([a]) => ({ schema_version: 1, keys: [null, 7, [], a] }), { saved: 1, lost: 3 }],
  ];
  for (const [what, damage, { saved, lost }] of damages) {
    it(`is moved aside with ${what}: what holds by itself is saved, and told of what was lost`, () => {
      filled(3);
      const entries = file().keys;
      write(damage(entries));
      const bytes = readFileSync(path());
      chmodSync(path(), 0o640);
      const archive = open(start + 10_000);
      assert.equal(archive.keys().length, saved);
      assert.deepEqual([archive.damage?.saved.length, archive.damage?.lost], [saved, lost]);
      assert.deepEqual(counted, [`malformed, lost ${lost}`]);
      assert.ok(logged.some(({ level }) => level === "error"));
      const [name, ...more] = aside();
      assert.deepEqual([name, more], ["keypair-archive.json.malformed-20260101T000010Z", []]);
      assert.deepEqual(readFileSync(join(dir, name ?? "")), bytes);
      assert.equal(statSync(join(dir, name ?? "")).mode & 0o777, 0o600);
      const again = open();
      assert.deepEqual([again.damage, ids(again).length], [null, saved], "the next start finds nothing wrong");
      for (const secret of entries.map((entry) => entry["x25519_privkey"] ?? ""))
        assert.ok(!JSON.stringify(logged).includes(secret.slice(0, 20)), "no key is in the log");
    });
  }

  it("never overwrites what was moved aside before", () => {
    for (const text of ["one", "two", "three"]) {
      write(text);
      open();
    }
    assert.deepEqual(
      aside()
        .toSorted()
        .map((name) => readFileSync(join(dir, name), "utf8")),
      ["one", "two", "three"],
    );
  });

  it("is refused where that is set, and left as it is; one of a later program always", () => {
    settings = { ...settings, archive_on_malformed: "refuse" };
    write("{");
    assert.throws(() => open(), { code: "invalid_config", hint: /archive_on_malformed quarantine/ });
    write({ schema_version: 2, keys: [] });
    assert.throws(() => open(), { code: "schema_newer" });
    settings = { ...settings, archive_on_malformed: "quarantine" };
    assert.throws(() => open(), { code: "schema_newer" });
    assert.deepEqual(file(), { schema_version: 2, keys: [] });
    assert.deepEqual(aside(), []);
  });

  it("that others can read is read all the same, with a warning, and not changed", () => {
    filled(1);
    chmodSync(path(), 0o644);
    assert.equal(open().keys().length, 1);
    assert.equal(statSync(path()).mode & 0o777, 0o644);
    assert.ok(logged.some(({ level, fields }) => level === "warn" && fields["mode"] === "644"));
  });

  it("a damaged file that the disk does not let be moved is not overwritten before it is", () => {
    filled(3);
    const { keys } = file();
    const damaged = JSON.stringify({ schema_version: 1, keys: [...keys, 7] });
    write(damaged);
    const files = stoppingFiles(1, diskFails, false);
    const archive = open(start, files);
    assert.deepEqual([ids(archive).length, archive.damage?.aside], [3, null]);
    assert.equal(readFileSync(path(), "utf8"), damaged);
    archive.put(pair(), start + 4 * dayMs);
    assert.deepEqual(
      aside().map((name) => readFileSync(join(dir, name), "utf8")),
      [damaged],
    );
    assert.equal(open().keys().length, 4);
  });

  it("killed at any operation of moving a damaged file aside, nothing of it is lost", () => {
    for (let stop = 1; ; stop += 1) {
      for (const name of aside()) rmSync(join(dir, name));
      rmSync(path(), { force: true });
      filled(2);
      const { keys } = file();
      write({ schema_version: 1, keys: [...keys, 7] });
      const files = stoppingFiles(stop, diskFails, true);
      open(start, files);
      const after = open(start + 1);
      assert.equal(after.keys().length, 2, `at ${files.asked[stop - 1]}`);
      assert.ok(aside().length >= 1, `at ${files.asked[stop - 1]}`);
      if (!files.stopped) break;
    }
  });
});
