import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect } from "../../../src/client/connect.ts";
import { type FakeBroker, type FakeLink, fakeBroker } from "../../../src/daemon/link/fake-broker.fixture.ts";
import { chainBroker } from "../../../src/daemon/membership/chain.fixture.ts";
import { membershipPath } from "../../../src/daemon/membership/membership-file.ts";
import type { MembershipEntry } from "../../../src/protocol/membership/entry.ts";
import { foundedMember } from "../../../src/daemon/membership/founded-member.fixture.ts";
import { linked } from "../mesh.ts";
import { type DaemonProcess, daemonProcess } from "../program-process.ts";
import { tempFolder } from "../temp-folder.ts";
import { samples } from "./local-pair.ts";
import type { Walk } from "./walk.ts";

/** The frame by which the broker is asked, by operation. */
const frames = {
  topicCreate: "topic_create",
  topicSubscribe: "subscribe",
  topicUnsubscribe: "unsubscribe",
  topicMembers: "topic_members",
  brokerMentions: "mentions",
  history: "history",
  fileList: "history",
  fileTake: "history",
  queueList: "queues",
  queueCreate: "queue_create",
  queueShow: "queues",
  queueDelete: "queue_delete",
  queueDead: "queue_dead",
  queueRequeue: "queue_requeue",
  queueClaim: "claim",
  queueAck: "ack",
  queueNack: "nack",
  queueExtend: "extend",
} as const;

type LinkOperation = keyof typeof frames;

interface Scripted {
  readonly daemon: DaemonProcess;
  readonly broker: FakeBroker;
  readonly link: FakeLink;
}

/** A daemon as a process whose broker says what a test wants. */
async function scripted(t: TestContext): Promise<Scripted> {
  const meshId = "0198f0a0-0000-7000-8000-000000000002";
  const chain = chainBroker([], meshId);
  const broker = await fakeBroker(t, meshId, chain);
  const dir = join(tempFolder(t), "local");
  mkdirSync(dir, { mode: 0o700 });
  const mesh = { mesh_id: meshId, slug: "local", member_name: "ada", certificate_print: null };
  foundedMember(dir, { ...mesh, broker_url: broker.url, broker_key: broker.key }, 0);
  chain.entries = readFileSync(membershipPath(dir), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as MembershipEntry);
  const [daemon, link] = await Promise.all([daemonProcess(t, dir), opened(broker)]);
  const client = connect(daemon.unix);
  await linked({ client });
  client.close();
  return { daemon, broker, link };
}

async function opened(broker: FakeBroker): Promise<FakeLink> {
  const link = await broker.connection();
  await link.open();
  return link;
}

/** What a daemon says of a broker that is older, broken, without its store, or silent. */
export async function walkBadBroker(t: TestContext, walk: Walk): Promise<void> {
  const { daemon, link } = await scripted(t);
  const ids = Object.keys(frames) as LinkOperation[];
  const ask = async (id: LinkOperation, code: string, frame: Readonly<Record<string, unknown>>): Promise<void> => {
    const answered = walk.ask(daemon.unix, id, code, samples[id]);
    const asked = await link.next(frames[id]);
    assert.ok("id" in asked);
    link.send({ id: asked.id, ...frame });
    await answered;
  };
  const error = (code: string, details = {}) => ({
    type: "error",
    code,
    message: `because of ${code}`,
    retryable: true,
    closes: false,
    details,
  });
  for (const id of ids) {
    for (const result of [{}, null, { queues: [1], messages: [{}] }])
      await ask(id, "protocol_error", { type: "reply", result });
    await ask(id, "store_unavailable", error("store_unavailable"));
    await ask(id, "internal", error("a_code_of_a_later_version"));
    await ask(id, "feature_unavailable", error("protocol_error", { unknown_type: frames[id] }));
  }
  // All at once: a request is given up after 15 seconds, and nobody's clock but the system's is in that process.
  await Promise.all(ids.map((id) => walk.ask(daemon.unix, id, "timed_out", samples[id])));
}

/** A message is on its way and the broker gone: what became of it nobody can tell, so nothing is decided. */
export async function walkPendingOutcome(t: TestContext, walk: Walk): Promise<void> {
  const { daemon, broker, link } = await scripted(t);
  await walk.ask(daemon.unix, "send", 202, { body: { to: "@ada", message: "hello" } });
  await link.next("send");
  await broker.leave();
  for (const id of ["outboxDrop", "outboxRequeue"]) await walk.ask(daemon.unix, id, "outcome_pending", samples[id]);
}
