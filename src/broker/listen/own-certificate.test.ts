import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readCertificate } from "./given-certificate.ts";
import { ownCertificate } from "./own-certificate.ts";
import { printOf } from "./reach.ts";

const year = 365 * 86_400_000;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "cm-cert-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("the certificate is made once, for this user's eyes, and found again", async (t) => {
  const dir = folder(t);
  const now = Date.now();
  const first = await ownCertificate(dir, now);
  assert.deepEqual(await ownCertificate(dir, now + year), first);
  for (const name of ["tls_key.pem", "tls_cert.pem"]) assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600);
  assert.deepEqual(readCertificate(join(dir, "tls_cert.pem"), join(dir, "tls_key.pem")), first);
});

test("near its end, or damaged, it is renewed around the same key: no pin changes", async (t) => {
  const dir = folder(t);
  const now = Date.now();
  const first = await ownCertificate(dir, now);
  const later = await ownCertificate(dir, now + 9.5 * year);
  assert.notEqual(later.cert, first.cert);
  assert.equal(printOf(later), printOf(first));
  assert.ok(Date.parse(new X509Certificate(later.cert).validTo) > now + 19 * year);
  writeFileSync(join(dir, "tls_cert.pem"), (await ownCertificate(folder(t), now)).cert);
  assert.equal(printOf(await ownCertificate(dir, now)), printOf(first), "another key's certificate is not shown");
  writeFileSync(join(dir, "tls_cert.pem"), "damaged");
  assert.equal(printOf(await ownCertificate(dir, now)), printOf(first));
});

test("a key that cannot be read stops the start and is left as it is", async (t) => {
  const dir = folder(t);
  await ownCertificate(dir, Date.now());
  writeFileSync(join(dir, "tls_key.pem"), "damaged");
  await assert.rejects(ownCertificate(dir, Date.now()), { code: "invalid_config" });
  assert.equal(readFileSync(join(dir, "tls_key.pem"), "utf8"), "damaged");
});

test("a given certificate needs its own key, both files, and PEM; the errors name the file and never quote the key", async (t) => {
  const [one, two] = [folder(t), folder(t)];
  await ownCertificate(one, Date.now());
  await ownCertificate(two, Date.now());
  const [cert, key] = [join(one, "tls_cert.pem"), join(one, "tls_key.pem")];
  assert.equal(readCertificate(null, null), null);
  assert.throws(() => readCertificate(cert, null), { code: "usage" });
  assert.throws(() => readCertificate(cert, join(two, "tls_key.pem")), {
    code: "invalid_config",
    message: /is not the key of/,
  });
  assert.throws(() => readCertificate(join(one, "none.pem"), key), {
    code: "invalid_config",
    message: /there is no such file/,
  });
  writeFileSync(key, `-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----\n`);
  assert.throws(
    () => readCertificate(cert, key),
    (error) =>
      error instanceof Error && /holds no private key/.test(error.message) && !error.message.includes("SECRET"),
  );
});
