import { hash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FolderFile } from "../../base/folder-file.ts";
import type { FolderFiles } from "./manifest.ts";
import { readBackup } from "./read-backup.ts";
import { type About, type BackupFile, writeBackup } from "./write-backup.ts";

/** Argon2id at its cheapest: tests of the format open many backups. */
export const cheap = { memoryKiB: 32, passes: 1, parallelism: 1 } as const;

export const folders: FolderFiles = {
  daemon: [
    ...["keypair.json", "config.toml", "inbox.db"].map(
      (name): FolderFile => ({ name, kind: "file", secret: true, backup: "always", what: name }),
    ),
    {
      name: "hooks",
      kind: "folder",
      secret: false,
      backup: "always",
      programs: (name) => name === "on-dm",
      what: "hooks",
    },
  ],
  broker: [],
};

export const about: About = {
  of: "daemon",
  program_version: "0.1.0",
  schema_version: 1,
  created_at: "2026-11-26T10:00:00.000Z",
  mesh: "work",
  mesh_id: "m",
  member_id: "ab".repeat(32),
  member_name: "alice",
  messages: true,
  migrations: {},
};

export function fileOf(name: string, bytes: Buffer): BackupFile {
  return { name, bytes: bytes.length, sha256: hash("sha256", bytes, "hex"), read: () => [bytes] };
}

/** A backup with a file of some chunks, as one buffer. */
export async function sealed(
  files: readonly BackupFile[] = [fileOf("keypair.json", Buffer.from("{}")), fileOf("inbox.db", randomBytes(150_000))],
  said: object = about,
  passphrase = "geheim",
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of writeBackup(said as About, files, passphrase, cheap)) parts.push(part);
  return Buffer.concat(parts);
}

/** What came out of opening a backup: the names and contents that were written, or the code of the refusal. */
export async function opened(t: TestContext, bytes: Uint8Array, passphrase = "geheim"): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "cm-backup-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const manifest = await readBackup(inParts(bytes), passphrase, folder, folders);
    return { manifest, files: new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))])) };
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown ? thrown.code : thrown;
  }
}

/** As a disk gives them: in parts that fall where they like. */
async function* inParts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_021) yield bytes.subarray(at, at + 50_021);
}
