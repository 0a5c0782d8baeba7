import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { generate } from "selfsigned";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { defaultBrokerLimits } from "../broker-limits.ts";
import { redisServer } from "../testing/redis-server.ts";
import { parseRedisUrl } from "./redis-address.ts";
import { createRedis, type RedisConnection, type RedisConnectionOptions, type RedisState } from "./redis-connection.ts";

const quick = { ...defaultBrokerLimits, redisReconnectBaseMs: 1, redisReconnectCapMs: 10 };

function open(t: TestContext, url: string, options: Partial<RedisConnectionOptions> = {}) {
  const logged: string[] = [];
  const entry = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log = { debug: entry("debug"), info: entry("info"), warn: entry("warn"), error: entry("error") };
  const clock = createManualClock();
  const redis = createRedis({ url, name: "test", clock, log, limits: quick, ...options });
  t.after(() => redis.stop());
  return { redis, logged, clock };
}

function reached(redis: RedisConnection, state: RedisState): Promise<void> {
  if (redis.state() === state) return Promise.resolve();
  return new Promise((resolve) => {
    const end = redis.onChange((now) => {
      if (now !== state) return;
      end();
      resolve();
    });
  });
}

test("a server that is killed is away and, started again, back; each change is logged once", async (t) => {
  const server = await redisServer(t);
  const { redis, logged } = open(t, server.url);
  await redis.start();
  assert.equal(redis.state(), "up");
  assert.equal(await redis.client.ping(), "PONG");
  await server.kill();
  await reached(redis, "down");
  await assert.rejects(redis.client.ping());
  // Many attempts fail meanwhile; only the change is told.
  for (let attempts = 0; attempts < 5; attempts += 1)
    await new Promise((resolve) => redis.client.once("reconnecting", resolve));
  await server.restart();
  await reached(redis, "up");
  assert.equal(await redis.client.ping(), "PONG");
  assert.deepEqual(
    logged.map((line) => line.slice(0, line.indexOf(" {"))),
    ["info Redis is connected", "warn Redis is away; connecting goes on", "info Redis is connected"],
  );
});

test("what waits for an answer when the connection ends is rejected and never sent again", async (t) => {
  const server = await redisServer(t, { appendonly: true });
  const { redis } = open(t, server.url);
  await redis.start();
  await server.pause();
  const waiting = assert.rejects(redis.client.incr("counter"));
  await server.kill();
  await waiting;
  await server.restart();
  await reached(redis, "up");
  assert.equal(await redis.client.get("counter"), null);
});

test("a broker starts without Redis: the first attempt fails, later ones go on", async (t) => {
  const server = await redisServer(t);
  await server.stop();
  const { redis, logged } = open(t, server.url);
  await redis.start();
  assert.equal(redis.state(), "down");
  assert.match(logged.join("\n"), /^warn Redis is away.*ECONNREFUSED/);
  await server.restart();
  await reached(redis, "up");
});

test("a connection that says nothing is ended: the unanswered ping is noticed", async (t) => {
  const server = await redisServer(t);
  const { redis, clock } = open(t, server.url, { limits: { ...quick, redisSilenceMs: 50 } });
  await redis.start();
  await server.pause();
  clock.advance(quick.redisPingMs);
  await reached(redis, "down");
  server.resume();
  await reached(redis, "up");
});

test("stopping is complete before a start, twice, and while the server is away", async (t) => {
  const server = await redisServer(t);
  const { redis: never } = open(t, server.url);
  await never.stop();
  await never.stop();
  const { redis } = open(t, server.url);
  await redis.start();
  await server.kill();
  await reached(redis, "down");
  await redis.stop();
  await redis.stop();
});

test("a password and a database are used; a wrong password, or one in an error, is never logged", async (t) => {
  const password = "s3cret/with@signs";
  const server = await redisServer(t, { password });
  const { redis } = open(t, `${server.url}/3`);
  await redis.start();
  assert.match(String(await redis.client.client("INFO")), /db=3/);
  const wrong = "wr0ng:pass?word";
  const { redis: refused, logged } = open(t, server.url.replace(/:[^:]*@/, `:${encodeURIComponent(wrong)}@`));
  await refused.start();
  assert.equal(refused.state(), "down");
  assert.match(logged.join("\n"), /WRONGPASS/);
  for (const secret of [password, wrong, encodeURIComponent(wrong), encodeURIComponent(password)])
    assert.ok(!logged.join("\n").includes(secret));
});

test("rediss is TLS, and its certificate must be trusted", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cm-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const made = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    keyType: "ec",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ],
  });
  const tls = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  writeFileSync(tls.cert, made.cert);
  writeFileSync(tls.key, made.private);
  const server = await redisServer(t, { tls, password: "secret" });
  const { redis } = open(t, server.url, { certificateAuthority: made.cert });
  await redis.start();
  assert.equal(await redis.client.ping(), "PONG");
  const { redis: strict, logged } = open(t, server.url);
  await strict.start();
  assert.equal(strict.state(), "down");
  assert.match(logged.join("\n"), /self-signed certificate/);
});

test("an address is read with its parts; what cannot be read is refused without being repeated", () => {
  assert.deepEqual(parseRedisUrl("rediss://us%40er:pa%3Ass@[::1]:7000/2"), {
    host: "::1",
    port: 7_000,
    tls: true,
    database: 2,
    username: "us@er",
    password: "pa:ss",
    shown: "rediss://[::1]:7000/2",
  });
  assert.deepEqual(parseRedisUrl("redis://cache"), {
    host: "cache",
    port: 6_379,
    tls: false,
    database: 0,
    username: null,
    password: null,
    shown: "redis://cache:6379/0",
  });
  for (const wrong of [
    "secret",
    "http://:secret@host",
    "redis://:secret@/0",
    "redis://:secret@host/zero",
    "redis://:secret@host?x=1",
    "redis://:%zzsecret@host",
  ])
    assert.throws(
      () => parseRedisUrl(wrong),
      (error: Error) => "code" in error && error.code === "invalid_config" && !JSON.stringify(error).includes("secret"),
      wrong,
    );
});
