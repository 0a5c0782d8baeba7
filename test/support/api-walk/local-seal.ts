import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect } from "../../../src/client/connect.ts";
import type { DaemonFrame } from "../../../src/protocol/frames.ts";
import { createMember } from "../../../src/daemon/identity/member.ts";
import { fakeBroker } from "../../../src/daemon/link/fake-broker.fixture.ts";
import { chainPerson, foundChain } from "../../../src/daemon/membership/chain.fixture.ts";
import { entryHash, entryText } from "../../../src/protocol/membership/entry.ts";
import { linked } from "../mesh.ts";
import { daemonProcess } from "../program-process.ts";
import { tempFolder } from "../temp-folder.ts";
import { samples } from "./local-pair.ts";
import type { Asked, Walk } from "./walk.ts";

type Script = readonly (readonly [DaemonFrame["type"], Readonly<Record<string, unknown>>])[];

const reply = (result: unknown) => ({ type: "reply", result });
const error = (code: string, details = {}) => ({
  type: "error",
  code,
  message: `because of ${code}`,
  retryable: true,
  closes: false,
  details,
});
const log = { epoch: 1, head: 7 };
const head = { n: 0, hash: "ab".repeat(32) };

/** A member that holds no chain, at a broker that says what a test wants: what sealing its mesh shows, does and refuses. */
export async function walkSeal(t: TestContext, walk: Walk): Promise<void> {
  const meshId = "0198f0a0-0000-7000-8000-000000000003";
  const broker = await fakeBroker(t, meshId);
  const dir = join(tempFolder(t), "local");
  mkdirSync(dir, { mode: 0o700 });
  const mesh = { mesh_id: meshId, slug: "local", member_name: "ada", certificate_print: null };
  const { memberId } = createMember(dir, { ...mesh, broker_url: broker.url, broker_key: broker.key }, 0);
  const connection = broker.connection().then(async (link) => {
    await link.open();
    return link;
  });
  const [daemon, link] = await Promise.all([daemonProcess(t, dir), connection]);
  const client = connect(daemon.unix);
  await linked({ client });
  client.close();

  const ask = async (id: string, answer: number | string, script: Script, asked: Asked | undefined = samples[id]) => {
    const answered = walk.ask(daemon.unix, id, answer, asked);
    for (const [type, frame] of script) {
      const request = await link.next(type);
      link.send({ id: "id" in request ? request.id : null, ...frame });
    }
    return answered;
  };
  const noChain = ["membership", reply({ entries: [], head: null, log })] as const;
  const announced = (role: string) => {
    const self = { member_id: memberId, name: "ada", role, x25519_pubkey: null, proof: null };
    const boss = { ...self, member_id: "cd".repeat(32), name: "boss", role: "owner" };
    return ["keys_announced", reply({ members: role === "owner" ? [self] : [self, boss] })] as const;
  };
  const shown = (entries: readonly unknown[]): Script => [["membership", reply({ entries, head, log })]];
  const others = foundChain(chainPerson("boss", meshId), meshId);
  const whole = { n: 0, hash: entryHash(entryText(others)) };
  for (const id of ["sealPlan", "seal"]) {
    await ask(id, "protocol_error", [["membership", reply({})]]);
    await ask(id, "protocol_error", [noChain, ["keys_announced", reply({ members: [{}] })]]);
    await ask(id, "store_unavailable", [["membership", error("store_unavailable")]]);
    await ask(id, "internal", [["membership", error("a_code_of_a_later_version")]]);
    await ask(id, "feature_unavailable", [["membership", error("protocol_error", { unknown_type: "membership" })]]);
    await ask(id, "not_allowed", [noChain, announced("admin")]);
    await ask(id, "membership_invalid", shown([{ ...others, n: 1 }]));
    await ask(id, "membership_newer", shown([{ ...others, kind: "banish" }]));
    await ask(id, "not_a_member", [
      ["membership", reply({ entries: [others], head: whole, log })],
      ["membership", reply({ entries: [], head: whole, log })],
    ]);
  }
  await Promise.all(["sealPlan", "seal"].map((id) => walk.ask(daemon.unix, id, "timed_out", samples[id])));
  // What was asked in vain lies there still.
  for (let waiting = 0; waiting < 2; waiting += 1) await link.next("membership");
  await ask("seal", "already_exists", [noChain, announced("owner")]);
  const plan = await ask("sealPlan", 200, [noChain, announced("owner")]);
  const seen = { body: { digest: plan.json["digest"] } };
  const founding: Script = [noChain, announced("owner")];
  await ask("seal", "membership_moved", [...founding, ["membership_append", error("membership_moved")]], seen);
  const keys: Script = [
    ["keys", reply({ items: [], through: 0, next_after: null })],
    ["keys_wanted", reply({ wanted: [], more: false })],
  ];
  await ask("seal", 200, [...founding, ["membership_append", reply(head)], ...keys], seen);
  await broker.leave();
  for (const id of ["sealPlan", "seal"]) await walk.ask(daemon.unix, id, "broker_unreachable", samples[id]);
}
