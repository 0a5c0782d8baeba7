import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { test } from "node:test";
import { authorityOf, externalHost, type Listener, reachOf } from "./reach.ts";

const local: Listener = { host: "127.0.0.1", port: 7_000, certificate: null };
const own = new Set(["127.0.0.1:7000", "localhost:7000", "mesh.example:7000"]);

const address = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }) as NetworkInterfaceInfo;

test("an invite of a broker that only its host reaches says so", () => {
  assert.deepEqual(reachOf({ local, exposed: null }, null, null, own), {
    authority: "127.0.0.1:7000",
    transport: { kind: "plain" },
    loopback: true,
  });
});

test("a public address goes before what the broker itself listens on, and is trusted, not pinned", () => {
  for (const wanted of [null, "Mesh.example"])
    assert.deepEqual(reachOf({ local, exposed: null }, "wss://mesh.example", wanted, own), {
      authority: "mesh.example",
      transport: { kind: "trusted" },
      loopback: false,
    });
});

test("an address can be chosen among the broker's own, in any case; another is refused with those there are", () => {
  const chosen = reachOf({ local, exposed: null }, "wss://other.example", "MESH.example:7000", own);
  assert.deepEqual([chosen.authority, chosen.loopback], ["mesh.example:7000", false]);
  assert.throws(() => reachOf({ local, exposed: null }, null, "evil.example:7000", own), {
    code: "invalid_field",
    hint: /it is reached as 127\.0\.0\.1:7000, localhost:7000/,
  });
});

test("of many addresses an invite names the one that others most likely reach: no loopback, no bridge, IPv4 first", () => {
  const lo = [address("127.0.0.1", true), address("::1", true)];
  const bridge = [address("172.17.0.1")];
  const wired = [address("fe80::1"), address("2001:db8::7"), address("192.168.1.5")];
  assert.equal(externalHost("0.0.0.0", { lo, docker0: bridge, eth0: wired }), "192.168.1.5");
  assert.equal(externalHost("::", { lo, docker0: bridge, eth0: wired.slice(0, 2) }), "2001:db8::7");
  assert.equal(externalHost("0.0.0.0", { lo, docker0: bridge }), "172.17.0.1");
  assert.equal(externalHost("10.0.0.7", { lo, eth0: wired }), "10.0.0.7");
});

test("an address is written as a URL and a Host header have it", () => {
  const certificate = { cert: "", key: "" };
  assert.equal(authorityOf("2001:db8::7", { port: 8_787, certificate }), "[2001:db8::7]:8787");
  assert.equal(authorityOf("mesh.example", { port: 443, certificate }), "mesh.example");
  assert.equal(authorityOf("mesh.example", { port: 443, certificate: null }), "mesh.example:443");
});
