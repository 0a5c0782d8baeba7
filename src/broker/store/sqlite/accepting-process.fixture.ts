import { newIdentity } from "../../testing/peer.ts";
import { item } from "../store-bench.fixture.ts";
import { storeAt } from "./open-store.fixture.ts";

/** `accepting-process PATH`: accepts batch after batch for ever, and writes "mesh id seq" for each id it was told is accepted. */
const store = storeAt(process.argv[2] ?? "");
await store.start();
const slug = "killed";
const known = (await store.listMeshes()).find((mesh) => mesh.slug === slug);
const { mesh_id } =
  known ?? (await store.createMesh({ mesh_id: "01890000-0000-7000-8000-00000000000c", slug, now: 1 }));
const [from, to] = [newIdentity(), newIdentity()];
for (const { memberId } of [from, to])
  await store.addMember({ mesh_id, member_id: memberId, name: memberId.slice(0, 20), role: "member", now: 1 });
for (;;) {
  const items = Array.from({ length: 16 }, () => item(mesh_id, from, to));
  const outcomes = await store.accept(mesh_id, items, Date.now());
  let lines = "";
  for (const [index, outcome] of outcomes.entries())
    if (outcome.kind === "accepted") lines += `${mesh_id} ${items[index]?.envelope.client_message_id} ${outcome.seq}\n`;
  await new Promise((resolve) => process.stdout.write(lines, resolve));
}
