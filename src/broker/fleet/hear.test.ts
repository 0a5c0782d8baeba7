import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveLink } from "../link/live-link.ts";
import { createLinkRegistry } from "../link/registry.ts";
import { hear, type HearParts } from "./hear.ts";

function hearing() {
  const registry = createLinkRegistry();
  const did: string[] = [];
  const link = {
    meshId: "mesh",
    memberId: "member",
    linkEpoch: 4,
    receives: true,
    life: "present",
    instanceId: "i",
    close: (kind: string) => void did.push(kind),
  } as unknown as LiveLink;
  registry.set(link);
  const router = {
    reached: (_mesh: string, { last }: { last: number }) => void did.push(`reached ${last}`),
    uncertain: () => void did.push("read anew"),
  };
  const parts = {
    registry,
    router,
    store: { life: () => "present", member: async () => null },
  } as unknown as HearParts;
  return { parts, did };
}

test("the numbers of what a broker says that was held up while the store failed over are not believed", () => {
  const { parts, did } = hearing();
  const reached = { kind: "reached", mesh_id: "mesh", first: 9, last: 9, keys: [] } as const;
  hear({ ...reached, life: "before" }, parts);
  hear({ ...reached, life: "present" }, parts);
  const opened = { kind: "link_opened", mesh_id: "mesh", member_id: "member", link_epoch: 7 } as const;
  const other = { instance_id: "other", previous_instance_id: null };
  hear({ ...opened, ...other, life: "before" }, parts);
  assert.deepEqual(did, ["read anew", "reached 9"]);
  hear({ ...opened, ...other, life: "present" }, parts);
  assert.deepEqual(did.slice(2), ["replaced_by_newer_connection"]);
});

test("a kick closes the link that it was for, and none that was opened since it was taken back", async () => {
  const kick = { kind: "member_kicked", mesh_id: "mesh", member_id: "member", until: 9, by: "ada" } as const;
  const { parts, did } = hearing();
  hear({ ...kick, link_epoch: 9, life: "before" }, parts);
  hear({ ...kick, link_epoch: 4, life: "present" }, parts);
  hear({ ...kick, link_epoch: 9, life: "present", member_id: "other" }, parts);
  // Whose name is shown is asked for before a link is closed.
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(did, []);
  hear({ ...kick, link_epoch: 5, life: "present" }, parts);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(did, ["kicked"]);
});
