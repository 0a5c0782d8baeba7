import { readFileSync } from "node:fs";
import type { Attachment } from "../../protocol/attachment.ts";
import type { BoundHeader } from "./header.ts";

const folder = new URL("../../../conformance/vectors/sealing/", import.meta.url);

interface Aead {
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly pt: string;
  /** With its tag. */
  readonly ct: string;
}

/** Published vectors of what sealing is made of; each names its source in the file. All bytes are in hex. */
export const primitives = read("primitives.json") as {
  readonly x25519: {
    readonly agreements: readonly { readonly private: string; readonly public: string; readonly secret: string }[];
    readonly pairs: readonly { readonly private: string; readonly public: string }[];
    readonly small_order: readonly string[];
  };
  readonly hkdf_sha256: {
    readonly cases: readonly Readonly<Record<"ikm" | "salt" | "info" | "prk" | "okm", string> & { length: number }>[];
  };
  readonly chacha20_poly1305: Aead;
  readonly hchacha20: { readonly key: string; readonly nonce: string; readonly out: string };
  readonly xchacha20_poly1305: Aead;
};

interface Encryption extends Omit<Aead, "key"> {
  readonly sequence_number: number;
}

/** RFC 9180, appendix A.2.1. */
export const hpkeVector = read("rfc9180-a2-1.json") as {
  readonly setup: Readonly<
    Record<
      | "info"
      | "ikmE"
      | "pkEm"
      | "skEm"
      | "ikmR"
      | "pkRm"
      | "skRm"
      | "enc"
      | "shared_secret"
      | "key_schedule_context"
      | "key"
      | "base_nonce",
      string
    >
  >;
  readonly encryptions: readonly [Encryption, ...Encryption[]];
};

/** Whole sends, sealed by the second implementation in conformance/. */
export const sealedBodies = read("bodies.json") as {
  readonly sealing_secret_hex: string;
  readonly recipient: { readonly private_hex: string; readonly public_hex: string };
  readonly epoch_key_hex: string;
  readonly membership_head: string;
  readonly epochs: readonly {
    readonly name: string;
    readonly parent: string | null;
    readonly destination: string;
    readonly epoch_id: string;
  }[];
  readonly cases: readonly {
    readonly name: string;
    readonly header: BoundHeader;
    readonly attachments: readonly Attachment[];
    readonly body_hex: string;
    readonly plaintext_hex: string;
    readonly associated_data_hex: string;
    readonly sealed_hex: string;
  }[];
};

/** Encodings of the points whose agreement with any key is zero. */
export const smallOrderPoints = primitives.x25519.small_order;

export function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

/** The same bytes but for one bit; which one is `at` modulo their number. */
export function withBitFlipped(bytes: Uint8Array, at: number): Buffer {
  const flipped = Buffer.from(bytes);
  const bit = at % (bytes.length * 8);
  flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return flipped;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}
