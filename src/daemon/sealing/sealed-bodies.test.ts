import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { x25519PrivateKey, x25519PublicKey } from "./x25519.ts";
import { frameContent, readContent } from "./content.ts";
import { associatedData } from "./header.ts";
import { openDirect, openEpoch } from "./open-body.ts";
import { sealDirect, sealToEpoch } from "./seal-body.ts";
import { hex, sealedBodies } from "./vectors.fixture.ts";
import { epochId } from "./wrap.ts";

const secret = createSecretKey(hex(sealedBodies.sealing_secret_hex));
const publicKey = sealedBodies.recipient.public_hex;
const epochKey = hex(sealedBodies.epoch_key_hex);

for (const { name, header, attachments, ...bytes } of sealedBodies.cases)
  test(`two implementations seal a send to the same bytes, and it opens: ${name}`, () => {
    const plaintext = frameContent(attachments, hex(bytes.body_hex));
    assert.equal(plaintext.toString("hex"), bytes.plaintext_hex);
    assert.equal(associatedData(header).toString("hex"), bytes.associated_data_hex);
    const epoch = { id: header.sealed_to ?? "", key: epochKey };
    const recipient = { publicKey, key: x25519PublicKey(hex(publicKey)) };
    const isDirect = header.algorithm === "hpke-v1";
    const sealed = isDirect
      ? sealDirect({ header, plaintext, secret, recipient })
      : sealToEpoch({ header, plaintext, secret, epoch });
    assert.equal(sealed.toString("hex"), bytes.sealed_hex);
    const own = { publicKey, key: x25519PrivateKey(hex(sealedBodies.recipient.private_hex)) };
    const opened = isDirect ? openDirect({ header, sealed, recipient: own }) : openEpoch({ header, sealed, epoch });
    assert.ok(opened !== null);
    assert.deepEqual(readContent(opened), { attachments, body: hex(bytes.body_hex) });
  });

test("two implementations give an epoch the same id", () => {
  assert.equal(sealedBodies.epochs.length, 3);
  for (const { name, parent, destination, epoch_id } of sealedBodies.epochs)
    assert.equal(epochId(epochKey, parent, sealedBodies.membership_head, destination), epoch_id, name);
});
