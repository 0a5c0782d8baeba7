import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { ClaudemeshError } from "../../protocol/error.ts";
import { linkErrorKind } from "./link-error-kind.ts";

test("what the system says is found behind whatever wraps it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  const [refused] = (await once(connect(port, "127.0.0.1"), "error").catch((error: unknown) => [error])) as [unknown];
  assert.equal(linkErrorKind(new ClaudemeshError("broker_unreachable", "x", { cause: refused })), "refused");
});

for (const [code, kind] of [
  ["ENOTFOUND", "name_unknown"],
  ["EAI_AGAIN", "name_unknown"],
  ["EHOSTUNREACH", "unreachable"],
  ["ETIMEDOUT", "no_answer"],
  ["ECONNRESET", "closed"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate_untrusted"],
  ["CERT_HAS_EXPIRED", "certificate_untrusted"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate_untrusted"],
  ["EWHATEVER", "other"],
] as const) {
  test(`${code} is ${kind}`, () => {
    assert.equal(linkErrorKind(Object.assign(new Error("x"), { code })), kind);
  });
}

test("an HTTP answer that no broker gives is told from the broker's own refusals", () => {
  const answered = (status: number) => linkErrorKind(new Error(`Unexpected server response: ${status}`));
  for (const status of [200, 301, 404, 502, 504]) assert.equal(answered(status), "not_a_broker");
  for (const status of [403, 503]) assert.equal(answered(status), "other");
});

test("what the broker or the check of it has told is passed on", () => {
  const told = (
    code: "auth_failed" | "broker_unreachable" | "certificate_mismatch",
    details: Record<string, unknown>,
  ) => linkErrorKind(new ClaudemeshError(code, "x", { details }));
  assert.equal(told("auth_failed", { link_error: "auth_failed" }), "auth_failed");
  assert.equal(told("broker_unreachable", { link_error: "kicked" }), "kicked");
  assert.equal(told("certificate_mismatch", {}), "certificate_mismatch");
  assert.equal(linkErrorKind("a text"), "other");
});
