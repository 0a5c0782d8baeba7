import { createHash, createSecretKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Readiness } from "../parts.ts";
import { sealDirect, sealToEpoch } from "../sealing/seal-body.ts";
import { x25519PrivateKey, x25519PublicKey, x25519PublicRaw } from "../sealing/x25519.ts";
import type { OutboxOptions } from "./outbox.ts";
import { sealEnvelope } from "./seal-envelope.ts";

/** Seals as a daemon does, to keys that follow from the names: whoever a test writes to has one. */
export function testSealer(of: {
  readonly meshId: string;
  readonly memberId: string;
  readonly privateKey?: KeyObject;
}): Pick<OutboxOptions, "seal" | "readyFor" | "recipientKey"> & {
  /** What is said of destinations; all are ready until a test says otherwise. */
  readiness: (kind: string, ref: string) => Readiness;
  /** Counts how often keys were changed. */
  generation: number;
  /** As negotiated. */
  fingerprintVersion: number;
} {
  const privateKey = of.privateKey ?? generateKeyPairSync("ed25519").privateKey;
  const secret = createSecretKey(keyOf("secret", of.memberId));
  const sealer = {
    generation: 0,
    fingerprintVersion: 2,
    readiness: (): Readiness => ({ ready: true }),
    readyFor: ({ kind, ref }: { kind: string; ref: string }) => sealer.readiness(kind, ref),
    recipientKey: (memberId: string) => recipientOf(keyOf(memberId, String(sealer.generation))).publicKey,
    seal: (row, body, version) =>
      sealEnvelope(
        row,
        body,
        {
          meshId: of.meshId,
          memberId: of.memberId,
          keyId: of.memberId,
          privateKey,
          attachments: () => [],
          membershipHead: () => "5e".repeat(32),
          fingerprintVersion: () => sealer.fingerprintVersion,
          keyring: {
            seal(header, plaintext) {
              const key = keyOf(header.destination_ref, String(sealer.generation));
              if (header.destination_kind === "dm") {
                const recipient = recipientOf(key);
                const body = sealDirect({ header, plaintext, secret, recipient });
                return { algorithm: "hpke-v1", sealed_to: recipient.publicKey, body: body.toString("base64url") };
              }
              const id = createHash("sha256").update(key).digest("hex");
              const body = sealToEpoch({ header, plaintext, secret, epoch: { id, key } });
              return { algorithm: "epoch-v1", sealed_to: id, body: body.toString("base64url") };
            },
          },
        },
        version,
      ),
  } as ReturnType<typeof testSealer>;
  return sealer;
}

function recipientOf(seed: Buffer): { readonly publicKey: string; readonly key: KeyObject } {
  const raw = x25519PublicRaw(x25519PrivateKey(seed));
  return { publicKey: raw.toString("hex"), key: x25519PublicKey(raw) };
}

function keyOf(...names: readonly string[]): Buffer {
  return createHash("sha256").update(names.join("\0")).digest();
}
