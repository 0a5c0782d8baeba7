import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { parseBrokerConfig } from "../src/broker/config.ts";
import { command } from "../src/cli/broker.ts";
import { parseArguments } from "../src/cli/parse-arguments.ts";

/** compose.yaml cannot be run without an engine; what it says of this program and of itself is held here. */
const root = fileURLToPath(new URL("..", import.meta.url));

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}
const compose = parse(readFileSync(`${root}compose.yaml`, "utf8"), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const brokers = services.filter(([name]) => name.startsWith("broker-"));

test("every service, volume and file that compose.yaml names exists, and images name their version", () => {
  for (const [name, service] of services) {
    const needs = service.depends_on ?? [];
    for (const other of Array.isArray(needs) ? needs : Object.keys(needs))
      assert.ok(compose.services[other], `${name}: ${other}`);
    for (const [other, { condition }] of Object.entries(Array.isArray(needs) ? {} : needs))
      if (condition === "service_healthy")
        assert.ok(compose.services[other]?.healthcheck, `${other} has no health check`);
    for (const volume of service.volumes ?? []) {
      const [source = ""] = volume.split(":");
      if (source.startsWith(".")) assert.ok(existsSync(`${root}${source}`), source);
      else assert.ok(source in compose.volumes, `${name}: ${source}`);
    }
    assert.match(service.image, /^claudemesh$|^[a-z/]+:\d+(\.\d+)*$/);
  }
});

test("its brokers are started with words that this program takes, over one database, one Redis and one deployment folder, each with a home of its own", () => {
  assert.equal(brokers.length, 3);
  const homes = new Set<string | undefined>();
  for (const [, { command: words = [], environment = {}, volumes = [] }] of brokers) {
    assert.equal(words[0], "broker");
    parseArguments(command, words.slice(1));
    const database = new URL(environment["DATABASE_URL"] ?? "");
    assert.ok(
      database.hostname in compose.services && new URL(environment["REDIS_URL"] ?? "").hostname in compose.services,
    );
    assert.ok(volumes.includes(`deployment:${environment["CLAUDEMESH_DEPLOYMENT_DIR"] ?? ""}`));
    homes.add(volumes.find((volume) => volume.endsWith("/.claudemesh")));
    assert.deepEqual(environment, brokers[0]?.[1].environment);
  }
  assert.equal(homes.size, 3);
});

test("the settings of its brokers are valid and know the balancer's name, and the balancer passes on to each of them", () => {
  const settings = parseBrokerConfig(readFileSync(`${root}deploy/broker.toml`, "utf8"), "deploy/broker.toml");
  const [published = ""] = compose.services["balancer"]?.ports ?? [];
  assert.deepEqual(settings.listen.authorities, [`localhost:${published.split(":")[0] ?? ""}`]);
  const balancer = readFileSync(`${root}deploy/haproxy.cfg`, "utf8");
  assert.deepEqual(
    [...balancer.matchAll(/^ {2}server (\S+) (\S+):8787/gm)].map(([, name, host]) => [name, host]),
    brokers.map(([name]) => [name, name]),
  );
});

test("the image is made of the package, and its user owns the folders that the brokers write to", () => {
  const image = readFileSync(`${root}Dockerfile`, "utf8");
  assert.match(image, /npm pack/);
  for (const [, { environment = {} }] of brokers)
    assert.ok(
      image.includes(`chown node:node /home/node/.claudemesh ${environment["CLAUDEMESH_DEPLOYMENT_DIR"] ?? "?"}`),
    );
});
