/**
 * What sealing costs a message: framing, sealing, fingerprint and signature at its sender; signature, opening and reading at its
 * receiver. Beside it what was considered instead: `node bench/sealing.ts [--samples 5000]`
 */
import { createSecretKey, generateKeyPairSync, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { readContent, frameContent } from "../src/daemon/sealing/content.ts";
import { hkdfExpand, hkdfExtract, noSalt } from "../src/daemon/sealing/hkdf.ts";
import { openDirect, openEpoch } from "../src/daemon/sealing/open-body.ts";
import type { SealedHeader } from "../src/daemon/parts.ts";
import { sealDirect, sealToEpoch } from "../src/daemon/sealing/seal-body.ts";
import { newEpochKey } from "../src/daemon/sealing/wrap.ts";
import { openXChaCha, sealXChaCha } from "../src/daemon/sealing/xchacha.ts";
import type { Algorithm, Envelope } from "../src/protocol/envelope.ts";
import { envelopeFingerprint } from "../src/protocol/fingerprint.ts";
import { newUuidV7 } from "../src/protocol/ids.ts";
import {
  envelopeSignatureHolds,
  publicKeyFromHex,
  publicKeyHexOf,
  sign,
  signedEnvelopeBytes,
} from "../src/protocol/signing.ts";
import { machine } from "./ceilings.ts";
import { isMain, percentile, printTable } from "./figures.ts";

const { values } = parseArgs({ options: { samples: { type: "string", default: "5000" } } });
const samples = Number(values.samples);
const targetMs = 0.6;

interface Measured {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const signing = generateKeyPairSync("ed25519");
const sender = publicKeyHexOf(signing.publicKey);
const senderKey = publicKeyFromHex(sender);
const sealing = generateKeyPairSync("x25519");
const recipient = { publicKey: publicKeyHexOf(sealing.publicKey), key: sealing.publicKey };
const own = { publicKey: recipient.publicKey, key: sealing.privateKey };
const secret: KeyObject = createSecretKey(randomBytes(32));
const epoch = { id: "e1".repeat(32), key: newEpochKey() };
const now = Date.parse("2026-01-02T03:04:05.678Z");

/** Of a message to one member or to a topic, each with an id of its own. */
function headerOf(algorithm: Algorithm): SealedHeader {
  const toMember = algorithm === "hpke-v1";
  return {
    mesh_id: newUuidV7(now),
    version: 2,
    destination_kind: toMember ? "dm" : "topic",
    destination_ref: toMember ? "b2".repeat(32) : "builds",
    sender,
    client_message_id: newUuidV7(now),
    reply_to: null,
    supersedes: null,
    priority: "next",
    meta: '{"run":42}',
    mentions: [],
    content_type: "text/plain; charset=utf-8",
  };
}

function sealAndSign(algorithm: Algorithm, body: Buffer): Envelope {
  const header = headerOf(algorithm);
  const plaintext = frameContent([], body);
  const bytes =
    algorithm === "none"
      ? plaintext
      : algorithm === "hpke-v1"
        ? sealDirect({ header, plaintext, secret, recipient })
        : sealToEpoch({ header, plaintext, secret, epoch });
  const unsigned = {
    ...header,
    key_id: sender,
    algorithm,
    sealed_to: algorithm === "none" ? null : algorithm === "hpke-v1" ? recipient.publicKey : epoch.id,
    body: bytes.toString("base64url"),
    request_fingerprint: "",
    membership_head: "f6".repeat(32),
    signature: "",
    sent_at: "2026-01-02T03:04:05.678Z",
  } satisfies Envelope;
  const fingerprint = envelopeFingerprint(unsigned, bytes);
  return {
    ...unsigned,
    request_fingerprint: fingerprint.toString("hex"),
    signature: sign(signing.privateKey, signedEnvelopeBytes(unsigned, fingerprint)),
  };
}

function verifyAndOpen(header: Envelope): number {
  const sealed = Buffer.from(header.body, "base64url");
  if (!envelopeSignatureHolds(header, sealed, senderKey)) throw new Error("the signature does not hold");
  const plain =
    header.algorithm === "none"
      ? sealed
      : header.algorithm === "hpke-v1"
        ? openDirect({ header, sealed, recipient: own })
        : openEpoch({ header, sealed, epoch });
  const content = plain === null ? null : readContent(plain);
  if (content === null) throw new Error("a body did not open");
  return content.body.length;
}

/** Of each call by itself, after a tenth as many that are not counted. */
function measure(call: (place: number) => unknown): Measured {
  const times: number[] = [];
  for (let place = 0; place < samples * 1.1; place += 1) {
    const start = performance.now();
    call(place);
    times.push(performance.now() - start);
  }
  const counted = times.slice(Math.floor(samples * 0.1));
  return { p50Ms: percentile(counted, 0.5), p99Ms: percentile(counted, 0.99) };
}

const inMs = ({ p50Ms, p99Ms }: Measured): string[] => [p50Ms.toFixed(3), p99Ms.toFixed(3)];

export function measureSealing(): string[][] {
  const rows: string[][] = [];
  for (const bodyBytes of [300, 16_384])
    for (const algorithm of ["none", "hpke-v1", "epoch-v1"] as const) {
      const body = randomBytes(bodyBytes);
      const sent = measure(() => sealAndSign(algorithm, body));
      const envelopes = Array.from({ length: 64 }, () => sealAndSign(algorithm, body));
      const received = measure((place) => verifyAndOpen(envelopes[place % envelopes.length] as Envelope));
      const target = algorithm === "none" ? "reported" : `≤ ${targetMs} each`;
      rows.push([algorithm, bodyBytes.toLocaleString("en"), ...inMs(sent), ...inMs(received), target]);
    }
  return rows;
}

/** Parts of it, and what could stand in their place. */
export function measureConstructions(): string[][] {
  const rows: string[][] = [];
  const aad = randomBytes(300);
  const key = randomBytes(32);
  for (const bodyBytes of [300, 16_384]) {
    const plain = randomBytes(bodyBytes);
    const nonce = randomBytes(24);
    const header = headerOf("hpke-v1");
    const shot = { header, plaintext: plain, secret, recipient };
    const sealed = sealDirect(shot);
    const boxed = sealXChaCha(key, nonce, aad, plain);
    const bound = { ...header, algorithm: "hpke-v1", sealed_to: recipient.publicKey } as const;
    const size = bodyBytes.toLocaleString("en");
    rows.push(
      ["single-shot HPKE, seal", size, ...inMs(measure(() => sealDirect(shot)))],
      ["single-shot HPKE, open", size, ...inMs(measure(() => openDirect({ header: bound, sealed, recipient: own })))],
      // One HPKE for each recipient's key, whose exported key seals the messages: what is left is what an epoch does.
      [
        "exported key a recipient, seal",
        size,
        ...inMs(measure(() => sealToEpoch({ header, plaintext: plain, secret, epoch }))),
      ],
      ["exported key a recipient, open", size, ...inMs(measure(() => openXChaCha(epoch.key, aad, boxed)))],
      ["XChaCha: HChaCha20 and node:crypto", size, ...inMs(measure(() => sealXChaCha(key, nonce, aad, plain)))],
      ["XChaCha: the library alone", size, ...inMs(measure(() => xchacha20poly1305(key, nonce, aad).encrypt(plain)))],
    );
  }
  const prk = hkdfExtract(noSalt, [key]);
  rows.push(
    ["HKDF-Expand by HMAC under a KeyObject", "32", ...inMs(measure(() => hkdfExpand(prk, [aad], 32)))],
    ["HKDF of node:crypto", "32", ...inMs(measure(() => hkdfSync("sha256", key, "", aad, 32)))],
  );
  return rows;
}

if (isMain(import.meta.url)) {
  process.stdout.write(`${machine()}\n\n`);
  printTable(
    ["algorithm", "bytes", "seal and sign, p50 ms", "p99", "verify and open, p50 ms", "p99", "target, p50"],
    measureSealing(),
  );
  process.stdout.write("\n");
  printTable(["construction", "bytes", "p50 ms", "p99"], measureConstructions());
}
