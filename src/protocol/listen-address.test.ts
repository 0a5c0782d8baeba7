import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultBrokerPort, parseListen } from "./listen-address.ts";
import { isLoopback } from "./loopback.ts";
import { refusal } from "./refusal.fixture.ts";

for (const [text, host, port] of [
  ["192.168.1.5:9000", "192.168.1.5", 9_000],
  ["0.0.0.0:0", "0.0.0.0", 0],
  ["mesh.example:443", "mesh.example", 443],
  ["mesh.example", "mesh.example", defaultBrokerPort],
  ["[::1]:9000", "::1", 9_000],
  ["[2001:db8::7]", "2001:db8::7", defaultBrokerPort],
  [":9000", "0.0.0.0", 9_000],
  ["9000", "0.0.0.0", 9_000],
] as const) {
  test(`${text} is host ${host} and port ${port}`, () => {
    assert.deepEqual(parseListen(text, "--listen"), { host, port });
  });
}

test("what is no address to listen on is refused with an example", () => {
  for (const text of ["", ":", "a:b", "1.2.3.4:99999", "99999", "::1:9000", "wss://x", "a b:1", "h:1:2", "\u001b[1m:1"])
    assert.equal(
      refusal(() => parseListen(text, "--listen")),
      "usage",
      text,
    );
});

test("loopback is this host by any of its names, and nothing that only looks so", () => {
  for (const host of ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "::1", "[::1]"])
    assert.ok(isLoopback(host), host);
  for (const host of ["127.0.0.1.example", "10.0.0.1", "localhost.example", "::", "0.0.0.0", "1.127.0.0.1", ""])
    assert.ok(!isLoopback(host), host);
});
