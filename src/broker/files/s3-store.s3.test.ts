import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { newUuidV7 } from "../../protocol/ids.ts";
import { type S3Server, s3Server, withoutS3 } from "../testing/s3-server.ts";
import { blobStoreSuite } from "./blob-store-suite.fixture.ts";
import { createS3Store } from "./s3-store.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";

const { s3RequestMs, s3ConnectMs, s3TriesMax, s3ConnectionsMax } = defaultBrokerLimits;
const bounds = {
  requestMs: s3RequestMs,
  connectMs: s3ConnectMs,
  triesMax: s3TriesMax,
  connectionsMax: s3ConnectionsMax,
};

async function opened(t: TestContext, server: S3Server, place: { bucket?: string; prefix?: string } = {}) {
  for (const [name, value] of Object.entries(server.env)) process.env[name] = value;
  const { endpoint, bucket } = server;
  const store = createS3Store(
    { endpoint, bucket, region: "us-east-1", prefix: "blobs/", pathStyle: true, ...place },
    bounds,
  );
  await store.start();
  t.after(() => store.stop());
  return store;
}

blobStoreSuite("blobs in an S3 service", async (t) => opened(t, await s3Server(t)), { skip: withoutS3 });

test("an S3 service that is away, or has no such bucket, is a store that is not available, and no secret is told", {
  skip: withoutS3,
}, async (t) => {
  const server = await s3Server(t);
  const store = await opened(t, server);
  const nowhere = await opened(t, server, { bucket: "other-bucket" });
  const mesh = newUuidV7(1);
  const blob = "a".repeat(64);
  const refusalOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
    } catch (thrown) {
      assert.equal((thrown as { code: string }).code, "store_unavailable");
      return (thrown as Error).message;
    }
    return assert.fail("not refused");
  };
  const said = [await refusalOf(nowhere.put(mesh, blob, Buffer.from("x")))];
  await store.put(mesh, blob, Buffer.from("x"));
  await server.kill();
  said.push(await refusalOf(store.get(mesh, blob)), await refusalOf(store.size(mesh, blob)));
  assert.deepEqual(
    said.filter((text) => Object.values(server.env).some((secret) => text.includes(secret))),
    [],
  );
  await server.restart();
  assert.equal((await store.get(mesh, blob))?.toString(), "x");
});

test("two deployments of one bucket keep apart by their prefixes", { skip: withoutS3 }, async (t) => {
  const server = await s3Server(t);
  const [one, other] = [await opened(t, server, { prefix: "one/" }), await opened(t, server, { prefix: "other/" })];
  const mesh = newUuidV7(1);
  await one.put(mesh, "a".repeat(64), Buffer.from("x"));
  assert.equal(await other.get(mesh, "a".repeat(64)), null);
  assert.deepEqual(await other.meshes(), []);
});
