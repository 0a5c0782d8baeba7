import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { readMeshFile, writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { broker, type TestBroker, type TestBrokerOptions } from "./broker.ts";
import { daemon, type TestDaemon } from "./daemon.ts";
import { type FaultProxy, faultProxy } from "./fault-proxy.ts";
import { linked } from "./mesh.ts";
import { tempFolder } from "./temp-folder.ts";

/** A broker and two daemons in one mesh, the link of one of them through a proxy that cuts. */
export interface CutMesh {
  readonly broker: TestBroker;
  readonly proxy: FaultProxy;
  /** Her link goes through the proxy. */
  readonly alice: TestDaemon;
  readonly bob: TestDaemon;
}

export async function cutMesh(t: TestContext, options: TestBrokerOptions = {}): Promise<CutMesh> {
  const folder = tempFolder(t);
  let target = 0;
  const proxy = await faultProxy(t, () => ({ host: "127.0.0.1", port: target }));
  const running = await broker(t, { ...options, dataDir: join(folder, "broker"), authorities: [proxy.authority] });
  const { broker: started, dataDir } = running;
  target = Number(new URL(started.url).port);
  const start = async (name: string, url: string): Promise<TestDaemon> => {
    const dir = join(folder, name);
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir, name, role: "member" });
    writeMeshFile(dir, { ...readMeshFile(dir), broker_url: url });
    const member = await daemon(t, { dir });
    await linked(member);
    return member;
  };
  const bob = await start("bob", started.url);
  return { broker: running, proxy, bob, alice: await start("alice", `ws://${proxy.authority}/v1/link`) };
}

/** Sends while the broker's answers are lost, until the broker has it for sure: the receiver holds it. */
export async function sendUnanswered({ proxy, alice, bob }: CutMesh, id: string): Promise<number> {
  const seen = new AbortController();
  const arrival = (async () => {
    for await (const event of bob.client.events({ after: 0, signal: seen.signal }))
      if (event.event === "message") return;
  })();
  proxy.loseAnswers(true);
  const { outbox_id } = await alice.client.send({
    to: "@bob",
    message: "committed, not acknowledged",
    client_message_id: id,
  });
  await arrival;
  seen.abort();
  assert.equal((await alice.client.outbox.inspect(outbox_id)).status, "inflight");
  return outbox_id;
}
