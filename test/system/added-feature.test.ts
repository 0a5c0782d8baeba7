import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { UpgradedDaemon } from "../support/upgraded-mesh.ts";
import { docPages } from "../support/doc-page.ts";
import { programCopy } from "../support/program-copy.ts";
import { run } from "../support/run.ts";
import { upgradedMesh } from "../support/upgraded-mesh.ts";

/** The line that the new one is put behind, by file. */
const neighbours: Readonly<Record<string, string>> = {
  "src/protocol/feature-schemas.ts": "  member_keypair_rotated_event: { 1: nothing },\n",
  "src/broker/link/feature-params.ts": "    member_keypair_rotated_event: { 1: {} },\n",
};

test("the two lines that the page shows add a feature: newer programs agree on it, and older ones go on without", async (t) => {
  const copy = programCopy(t);
  const blocks = docPages()
    .find(({ path }) => path === "docs/negotiation.md")
    ?.blocks.filter(({ language }) => language === "ts");
  assert.deepEqual(blocks?.map(({ words }) => words[0]).toSorted(), Object.keys(neighbours).toSorted());
  for (const { words, text } of blocks ?? []) {
    const line = text.trim();
    assert.equal(line.split("\n").length, 1, "one line");
    const neighbour = neighbours[words[0] ?? ""] ?? "";
    copy.replace(words[0] ?? "", neighbour, `${neighbour}${line}\n`);
  }
  const compiler = join(copy.root, "node_modules/typescript/bin/tsc");
  const checked = await run(process.execPath, [compiler, "-b", join(copy.root, "src/broker")]);
  assert.equal(checked.code, 0, checked.stdout);

  const mesh = await upgradedMesh(t, null, copy.root);
  const { alice, bob } = mesh;
  const reaches = async (id: string): Promise<void> => {
    await alice.client.send({ to: "@bob", message: id, client_message_id: id });
    await alice.client.waitFor(id, "delivered");
  };
  await reaches("both-newer");
  assert.deepEqual(await quietHours(alice), { version: 1, hours: 8 });
  assert.deepEqual((await alice.client.version()).ignored_features, []);

  await alice.kill();
  await alice.start();
  await reaches("older-daemon");
  assert.equal(await quietHours(alice), undefined);

  await mesh.killBroker();
  await mesh.startBroker(null);
  await reaches("older-broker");
  assert.equal(await quietHours(bob), undefined);
});

async function quietHours({ client }: UpgradedDaemon): Promise<unknown> {
  return (await client.version()).broker_features?.["quiet_hours"];
}
