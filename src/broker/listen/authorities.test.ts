import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAuthorities } from "./authorities.ts";

test("a broker on loopback is dialled by each name of loopback, under its own port alone", () => {
  const own = ownAuthorities({ host: "127.0.0.1", port: 7_000 }, []);
  for (const authority of ["127.0.0.1:7000", "localhost:7000", "[::1]:7000"]) assert.ok(own.has(authority), authority);
  for (const authority of ["127.0.0.1:7001", "127.0.0.1", "mesh.example:7000", ""])
    assert.ok(!own.has(authority), authority);
});

test("other names are those that its operator listed, without regard to case", () => {
  const own = ownAuthorities({ host: "10.0.0.4", port: 443 }, ["Mesh.Example", "mesh.example:8443"]);
  for (const authority of ["mesh.example", "mesh.example:8443", "10.0.0.4", "10.0.0.4:443"])
    assert.ok(own.has(authority), authority);
  assert.ok(!own.has("localhost:443"));
});

test("a name listed with its scheme's own port is dialled without it: no client writes that port into a Host header", () => {
  const own = ownAuthorities({ host: "127.0.0.1", port: 7_000 }, ["mesh.example:443", "[fd00::1]:80"]);
  for (const authority of ["mesh.example:443", "mesh.example", "[fd00::1]:80", "[fd00::1]"])
    assert.ok(own.has(authority), authority);
  assert.ok(!ownAuthorities({ host: "127.0.0.1", port: 7_000 }, ["mesh.example:8443"]).has("mesh.example"));
});

test("on every address it is dialled by any address of the host", () => {
  assert.ok(ownAuthorities({ host: "0.0.0.0", port: 7_000 }, []).has("127.0.0.1:7000"));
});
