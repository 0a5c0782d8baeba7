import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { type Log, silentLog } from "../../base/log.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { FeatureVersions } from "../../protocol/features.ts";
import { createDaemon, type Daemon } from "../daemon.ts";
import { createKeypair } from "../identity/keypair.ts";
import { createMember } from "../identity/member.ts";
import { makePrivateDirectory } from "../../http/private-directory.ts";
import { type ChainBroker, chainBroker, type ChainPerson, chainSelf, foundChain } from "../membership/chain.fixture.ts";
import { writeChain } from "../membership/membership-file.ts";
import { openEvents } from "../localapi/event-listener.fixture.ts";
import { httpCall } from "../../http/http-call.fixture.ts";
import type { Dial } from "./link.ts";
import { type FakeBroker, type FakeLink, fakeBroker } from "./fake-broker.fixture.ts";

export const meshId = "0198f0a0-0000-7000-8000-000000000001";

/** A whole daemon on files of its own, under a clock that stands still, with a scripted broker at the other end. */
export interface LinkBench {
  readonly broker: FakeBroker;
  /** The member's folder. */
  readonly dir: string;
  readonly daemon: Daemon;
  readonly clock: ManualClock;
  readonly self: ChainPerson;
  /** What the broker has of the mesh's membership. */
  chain(): ChainBroker;
  get(path: string): Promise<Record<string, unknown>>;
  send(id: string): Promise<void>;
  /** Resolves when the link is in that state. */
  link(state: string): Promise<void>;
  /** Connects and waits until the link is up. */
  connected(): Promise<FakeLink>;
  /** Stops the daemon and starts another on its folder. */
  restart(dial?: Dial): Promise<void>;
  /** The first local event of that name, waited for if need be. */
  event(name: string): Promise<Record<string, unknown>>;
}

export interface LinkBenchChange {
  readonly brokerKey?: string;
  /** Nothing listens at the broker's address until the test says so. */
  readonly away?: boolean;
  readonly log?: Log;
  /** Features and versions that the daemon is to know. */
  readonly features?: FeatureVersions;
  /** False: the mesh has no membership chain. Else it has one, which this member has founded. */
  readonly sealed?: boolean;
  /** Of pauses between attempts; 0.5 by default. */
  readonly random?: () => number;
  /** config.toml. */
  readonly config?: string;
}

export async function linkBench(t: TestContext, change: LinkBenchChange = {}): Promise<LinkBench> {
  const root = mkdtempSync(join(tmpdir(), "cm-link-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const dir = join(root, "local");
  makePrivateDirectory(dir);
  const self = chainSelf(createKeypair(dir, 0), "ada", meshId);
  const chain = change.sealed !== false ? chainBroker([foundChain(self, meshId)], meshId) : null;
  if (chain !== null) writeChain(dir, chain.entries);
  const broker = await fakeBroker(t, meshId, chain);
  if (change.away === true) await broker.leave();
  const mesh = {
    mesh_id: meshId,
    slug: "local",
    member_name: "ada",
    broker_url: broker.url,
    broker_key: change.brokerKey ?? broker.key,
    certificate_print: null,
  };
  createMember(dir, mesh, 0);
  const clock = createManualClock(Date.now());
  if (change.config !== undefined) writeFileSync(join(dir, "config.toml"), change.config);
  const create = (dial?: Dial): Daemon =>
    createDaemon({
      dir,
      clock,
      log: change.log ?? silentLog,
      http: false,
      random: change.random ?? (() => 0.5),
      ...(change.features === undefined ? {} : { features: change.features }),
      ...(dial === undefined ? {} : { dial }),
    });
  let daemon = create();
  t.after(() => daemon.stop());
  await daemon.start();
  const target = { socketPath: daemon.socketPath };
  const made: LinkBench = {
    broker,
    dir,
    get daemon() {
      return daemon;
    },
    async restart(dial) {
      await daemon.stop();
      daemon = create(dial);
      await daemon.start();
    },
    clock,
    self,
    chain: () => chain ?? assert.fail("the mesh has no chain"),
    get: async (path) => (await httpCall(target, "GET", path)).json,
    async send(id) {
      const { status, text } = await httpCall(target, "POST", "/v1/send", {
        body: { to: "@ada", message: id, client_message_id: id },
      });
      assert.equal(status, 202, text);
    },
    async link(state) {
      while (((await made.get("/v1/health"))["link"] as { state: string }).state !== state)
        await new Promise((resolve) => setImmediate(resolve));
    },
    async connected() {
      const link = await broker.connection();
      await link.open();
      await made.link("connected");
      return link;
    },
    async event(name) {
      const listening = await openEvents(daemon.socketPath, { "last-event-id": "0" });
      for (;;) {
        const [heard] = await listening.next(1);
        if (heard?.event !== name) continue;
        listening.close();
        return heard.data;
      }
    },
  };
  return made;
}

/** A place of the log without its message. */
export function place(seq: number, destination: string) {
  return {
    destination,
    seq,
    epoch: 1,
    broker_message_id: `m${seq}`,
    accepted_at: "2026-01-01T00:00:00.000Z",
    position: { epoch: 1, seq, broker_message_id: `m${seq}`, incarnation: "i", mac: "x" },
    client_message_id: null,
    request_fingerprint: null,
    envelope: null,
    stub_reason: "pruned",
  };
}

/** The next `count` envelopes that the daemon sends. */
export async function envelopes(link: FakeLink, count: number): Promise<readonly Envelope[]> {
  const found: Envelope[] = [];
  while (found.length < count) found.push(...(await link.next("send")).items);
  return found;
}
