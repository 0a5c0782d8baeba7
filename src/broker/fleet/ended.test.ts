import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveLink } from "../link/live-link.ts";
import { createLinkRegistry } from "../link/registry.ts";
import type { LinkEnd, SharedStore } from "../store/shared-store.ts";
import { endLost, type EndedParts } from "./ended.ts";

function linkOf(linkEpoch: number) {
  const said: string[] = [];
  const link = {
    meshId: "mesh",
    memberId: "alice",
    linkEpoch,
    receives: true,
    life: "life",
    terminate: () => void said.push("terminated"),
    close: (kind: string) => void said.push(kind),
  } as unknown as LiveLink;
  return { link, said };
}

async function endedAs(how: LinkEnd, meanwhile: (registry: ReturnType<typeof createLinkRegistry>) => void) {
  const registry = createLinkRegistry();
  const { link, said } = linkOf(1);
  registry.set(link);
  const shared = {
    async endedLinks(links: readonly LiveLink[]) {
      meanwhile(registry);
      return links.map((one) => ({ link: one, ...how }));
    },
  } as unknown as SharedStore;
  await endLost(registry.all(), shared, {
    registry,
    clock: { now: () => 0 },
    store: { life: () => "life", member: async () => ({ name: "ada" }) },
  } as unknown as EndedParts);
  return { registry, said };
}

const another = { why: "replaced", otherInstanceId: "another daemon" } as const;

test("a link that opened while the store was asked about the one it replaces is left alone", async () => {
  const newer = linkOf(2);
  const { registry, said } = await endedAs(another, (links) => links.set(newer.link));
  assert.deepEqual(said, ["replaced_by_newer_connection"]);
  assert.deepEqual(newer.said, []);
  assert.equal(registry.get("mesh", "alice"), newer.link);
});

test("who ends a link decides what its daemon hears: only another daemon's newer link ends it for good", async () => {
  const none = () => undefined;
  assert.deepEqual((await endedAs({ why: "followed" }, none)).said, ["terminated"]);
  assert.deepEqual((await endedAs({ why: "revoked" }, none)).said, ["member_revoked"]);
  assert.deepEqual((await endedAs({ why: "kicked", kick: { until: 1, by: "ada" } }, none)).said, ["kicked"]);
  const { registry } = await endedAs({ why: "followed" }, none);
  assert.equal(registry.count(), 0);
});
