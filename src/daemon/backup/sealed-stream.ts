import { argon2 } from "node:crypto";
import { openXChaCha, sealXChaCha, xchachaNonceBytes, xchachaOverheadBytes } from "../sealing/xchacha.ts";
import { type BackupHeader, noncePrefixBytes, unreadable, writeHeader } from "./backup-header.ts";

/**
 * The rest of a backup: its content in chunks, each sealed by XChaCha20-Poly1305 under a nonce that ends with the chunk's
 * place (4 bytes) and whether it is the last (1), with the header as associated data (the STREAM construction of Hoang,
 * Reyhanitabar, Rogaway and Vizár). So nothing can be changed, left out, added, moved or cut off unseen, and whatever the
 * content's length, one chunk is held at a time.
 */
export const chunkBytes = 65_536;
const sealedChunkBytes = chunkBytes + xchachaOverheadBytes - xchachaNonceBytes;
const chunksMax = 2 ** 32;
const keyBytes = 32;

/** 32 bytes of the passphrase and the header's salt and cost; off the event loop, and some tenths of a second long. */
export function deriveKey(passphrase: string, header: BackupHeader): Promise<Buffer> {
  const { salt, parallelism, memoryKiB, passes } = header;
  return new Promise((resolve, reject) => {
    argon2(
      "argon2id",
      {
        // One text typed on two systems may be composed or not.
        message: Buffer.from(passphrase.normalize("NFC"), "utf8"),
        nonce: salt,
        parallelism,
        memory: memoryKiB,
        passes,
        tagLength: keyBytes,
      },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}

/** The sealed chunks of `content`. A key and header seal one content only. */
export async function* sealStream(
  key: Uint8Array,
  header: BackupHeader,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const aad = writeHeader(header);
  let place = 0;
  for await (const { piece, isLast } of inPieces(content, chunkBytes)) {
    // Reached by 256 TiB alone.
    if (place >= chunksMax) throw new RangeError("the content is too long for one backup");
    yield sealXChaCha(key, nonceOf(header, place, isLast), aad, piece).subarray(xchachaNonceBytes);
    place += 1;
  }
}

/** The content of sealed chunks; each piece was verified. Throws backup_unreadable at the first that does not hold. */
export async function* openStream(
  key: Uint8Array,
  header: BackupHeader,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const aad = writeHeader(header);
  let place = 0;
  for await (const { piece, isLast } of inPieces(sealed, sealedChunkBytes)) {
    if (place >= chunksMax) throw unreadable();
    const opened = openXChaCha(key, aad, Buffer.concat([nonceOf(header, place, isLast), piece]));
    if (opened === null) throw unreadable();
    yield opened;
    place += 1;
  }
}

function nonceOf({ noncePrefix }: BackupHeader, place: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(xchachaNonceBytes);
  nonce.set(noncePrefix);
  nonce.writeUInt32BE(place, noncePrefixBytes);
  nonce.writeUInt8(isLast ? 1 : 0, xchachaNonceBytes - 1);
  return nonce;
}

/** The same bytes in pieces of one size, the last one shorter; of no bytes one empty piece. */
async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly piece: Buffer; readonly isLast: boolean }> {
  let piece = Buffer.alloc(size);
  let filled = 0;
  for await (const bytes of source) {
    for (let used = 0; used < bytes.length; ) {
      // Only now is it known that a full piece is not the last one.
      if (filled === size) {
        yield { piece, isLast: false };
        piece = Buffer.alloc(size);
        filled = 0;
      }
      const part = bytes.subarray(used, used + size - filled);
      piece.set(part, filled);
      filled += part.length;
      used += part.length;
    }
  }
  yield { piece: piece.subarray(0, filled), isLast: true };
}
