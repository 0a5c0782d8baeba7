import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { brokerFixture } from "../testing/fixture.ts";
import { s3Server, withoutS3 } from "../testing/s3-server.ts";
import { blobIdOf, callBlob } from "./blob-caller.fixture.ts";

const day = 86_400_000;

test("a broker keeps files in an S3 service, goes on when that was away, and removes what is old", {
  skip: withoutS3,
}, async (t) => {
  const server = await s3Server(t);
  for (const [name, value] of Object.entries(server.env)) process.env[name] = value;
  const { endpoint, bucket } = server;
  const fixture = await brokerFixture(t, {
    files: { store: "s3", endpoint, bucket, region: "us-east-1", prefix: "mesh/", pathStyle: true },
  });
  const alice = await fixture.member("alice");
  const bytes = randomBytes(1_000_000);
  const blobId = blobIdOf(bytes);
  const put = () => callBlob(fixture, alice, { method: "PUT", blobId, bytes });
  const get = () => callBlob(fixture, alice, { method: "GET", blobId });
  assert.equal((await put()).status, 201);
  assert.equal((await put()).status, 200);
  await server.kill();
  const refused = await get();
  assert.deepEqual([refused.status, refused.code], [503, "store_unavailable"]);
  assert.ok(!refused.bytes.toString().includes(endpoint.slice("http://".length)), "no address of the broker's own");
  const logged = JSON.stringify(fixture.logged);
  assert.ok(!Object.values(server.env).some((secret) => logged.includes(secret)));
  await server.restart();
  assert.deepEqual((await get()).bytes, bytes);
  fixture.clock.jump(fixture.clock.now() + 31 * day + 1);
  const { json } = await fixture.admin("POST", "/v1/upkeep/files", {});
  assert.deepEqual(json, { blobs: 1, meshes: 0, unfinished: 0 });
  assert.equal((await get()).status, 404);
});
