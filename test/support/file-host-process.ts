import { createSecretKey } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { createBlobClient } from "../../src/daemon/files/blob-client.ts";
import { createFiles } from "../../src/daemon/files/files.ts";
import { addressOf } from "../../src/http/broker-dial.ts";
import type { Attachment } from "../../src/protocol/attachment.ts";
import { privateKeyFromSeed } from "../../src/protocol/signing.ts";

/** What a host does in a process of its own, which a test kills: brings a file to the broker, or takes one. */
export interface FileWork {
  readonly url: string;
  readonly meshId: string;
  readonly folder: string;
  readonly memberId: string;
  /** 64 hex characters each. */
  readonly seed: string;
  readonly secret: string;
  readonly work:
    | { readonly kind: "bring"; readonly path: string }
    | { readonly kind: "take"; readonly attachment: Attachment; readonly path: string };
}

const given = JSON.parse(process.argv[2] ?? "") as FileWork;
const signingKey = privateKeyFromSeed(Buffer.from(given.seed, "hex"));
const never = new AbortController().signal;
const files = createFiles({
  folder: given.folder,
  bytesMax: 1_000_000_000,
  secret: createSecretKey(Buffer.from(given.secret, "hex")),
  clock: systemClock,
  inUse: () => new Set(),
  client: createBlobClient({
    address: addressOf(given.url, null),
    meshId: given.meshId,
    member: () => ({ memberId: given.memberId, signingKey }),
    clock: systemClock,
  }),
});
// Pauses between tries keep no process alive.
const alive = setInterval(() => undefined, 60_000);
await files.start();
const { work } = given;
if (work.kind === "bring") {
  const { file_id } = await files.put({
    name: "file",
    contentType: "application/octet-stream",
    bytesMax: 1_000_000_000,
    incoming: createReadStream(work.path) as AsyncIterable<Buffer>,
  });
  process.stdout.write("put\n");
  await files.ensureUploaded([file_id], never);
  process.stdout.write(`${JSON.stringify(files.attachment(file_id))}\n`);
} else {
  const { chunks } = await files.take(work.attachment, 0, never);
  writeFileSync(work.path, "");
  for await (const chunk of chunks) {
    writeFileSync(work.path, chunk, { flag: "a" });
    process.stdout.write("chunk\n");
  }
  process.stdout.write("whole\n");
}
await files.stop();
clearInterval(alive);
