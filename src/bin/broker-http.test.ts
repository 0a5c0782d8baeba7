import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import { publicKeyHexOf } from "../protocol/signing.ts";
import { type BrokerAddress, proveBroker, readMembership } from "./broker-http.ts";

const { signal } = new AbortController();
const meshId = "0198f0a0-0000-7000-8000-000000000001";
const { privateKey } = generateKeyPairSync("ed25519");

/** What a link may point at: somebody else's server. */
async function server(t: TestContext, answer: RequestListener): Promise<BrokerAddress> {
  const listening = createServer(answer);
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  t.after(() => listening.close());
  return {
    authority: `127.0.0.1:${(listening.address() as AddressInfo).port}`,
    transport: { kind: "plain" },
    broker_key: publicKeyHexOf(generateKeyPairSync("ed25519").publicKey),
  };
}

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "nothing",
    (thrown: unknown) => (thrown instanceof ClaudemeshError ? thrown.code : String(thrown)),
  );
}

test("a server that is no broker is told as the wrong one, whatever JSON it answers", async (t) => {
  for (const text of ["", "null", "[]", "1", '"x"', '{"broker_id":"b","server_time":"t","signature":"s"}']) {
    const address = await server(t, (_request, response) => response.end(text));
    assert.equal(await code(proveBroker(address, signal)), "broker_key_mismatch", text);
    const noPoint = { ...address, broker_key: "ff".repeat(32) };
    assert.equal(await code(proveBroker(noPoint, signal)), "broker_key_mismatch", text);
  }
});

test("a redirection is not followed, and an answer without end is not kept", async (t) => {
  const asked: string[] = [];
  const target = await server(t, (request, response) => {
    asked.push(String(request.url));
    response.end("{}");
  });
  const redirects = await server(t, (_request, response) =>
    response.writeHead(307, { location: `http://${target.authority}/v1/broker` }).end(),
  );
  assert.equal(await code(proveBroker(redirects, signal)), "internal");
  assert.deepEqual(asked, []);
  const endless = await server(t, (_request, response) => {
    const more = (): void =>
      void (response.write("x".repeat(65_536)) ? setImmediate(more) : response.once("drain", more));
    response.on("error", () => undefined);
    more();
  });
  assert.equal(await code(proveBroker(endless, signal)), "broker_unreachable");
});

test("what is no answer about a membership is told as that, whatever it is instead", async (t) => {
  const asker = { meshId, key: privateKey, after: -1, now: 0 };
  const answered = async (text: string): Promise<string> => {
    const address = await server(t, (_request, response) => response.end(text));
    return code(readMembership(address, asker, signal));
  };
  const good = { entries: [], head: { n: 3, hash: "ab".repeat(32) } };
  assert.equal(await answered(JSON.stringify(good)), "nothing");
  assert.equal(await answered('{"entries":[],"head":null}'), "nothing");
  for (const wrong of [
    { entries: "x" },
    { entries: null },
    { head: 3 },
    { head: { n: 0.5, hash: "x" } },
    { head: undefined },
  ])
    assert.equal(await answered(JSON.stringify({ ...good, ...wrong })), "protocol_error", JSON.stringify(wrong));
  for (const text of ["", "null", "[]", "1"]) assert.equal(await answered(text), "protocol_error", text);
});
