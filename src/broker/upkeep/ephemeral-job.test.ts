import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { brokerFixture } from "../testing/fixture.ts";
import type { Identity } from "../testing/peer.ts";

const minute = 60_000;
const ephemeral = { hello: { ephemeral: true } } as const;

async function broker(t: TestContext) {
  const fixture = await brokerFixture(t);
  const watcher = await fixture.member("watcher");
  return {
    ...fixture,
    async visit(identity: Identity, options = {}) {
      const peer = await fixture.connect(identity, options);
      await peer.request<"members">({ type: "members" });
      await peer.close();
    },
    /** A job that the clock called for has ended when one that is asked for behind it has. */
    async pass(minutes: number) {
      for (let each = 0; each < minutes; each += 1) {
        fixture.clock.advance(minute);
        await fixture.admin("POST", "/v1/upkeep/ephemeral", { dry_run: true });
      }
    },
    async statuses() {
      const peer = await fixture.connect(watcher);
      const { members, expired = [] } = await peer.request<"members">({ type: "members" });
      await peer.close();
      return { active: members.map(({ name }) => name).filter((name) => name !== "watcher"), expired };
    },
  };
}

test("an ephemeral member is forgotten ten minutes after its last lease, and told so; one that is there or persistent stays", async (t) => {
  const { visit, pass, statuses, connect, member } = await broker(t);
  const [job, steady, returning] = [await member("job"), await member("steady"), await member("returning")];
  await visit(job, ephemeral);
  await visit(steady);
  await visit(returning, ephemeral);
  await pass(10);
  await visit(returning, ephemeral);
  assert.deepEqual((await statuses()).active, ["job", "returning", "steady"]);
  await pass(2);
  assert.deepEqual(await statuses(), { active: ["returning", "steady"], expired: [job.memberId] });
  await assert.rejects(connect(job, ephemeral), /4005.*has expired/);
  await pass(10);
  assert.deepEqual((await statuses()).active, ["steady"]);
});

test("a member whose newest hello says that it stays is not forgotten", async (t) => {
  const { visit, pass, statuses, member } = await broker(t);
  const changed = await member("changed");
  await visit(changed, ephemeral);
  await visit(changed);
  await pass(15);
  assert.deepEqual((await statuses()).active, ["changed"]);
});

test("a broker that did not look for a while begins to count anew: it cannot know who was away", async (t) => {
  const { visit, pass, statuses, clock, member } = await broker(t);
  await visit(await member("job"), ephemeral);
  await pass(5);
  clock.jump(clock.now() + 3_600_000);
  await pass(9);
  assert.deepEqual((await statuses()).active, ["job"]);
  await pass(3);
  assert.deepEqual((await statuses()).active, []);
});
