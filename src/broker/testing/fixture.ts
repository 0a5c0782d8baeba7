import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "node:http";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import type { Log } from "../../base/log.ts";
import { type Broker, type BrokerOptions, createBroker } from "../broker.ts";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import { connectPeer, type Identity, newIdentity, type Peer, type PeerOptions } from "./peer.ts";

/** A broker on a free port over a folder of its own, with one mesh. Everything ends with the test. */
export interface Fixture {
  readonly broker: Broker;
  readonly dataDir: string;
  readonly clock: ManualClock;
  readonly meshId: string;
  readonly logged: { level: string; fields: Record<string, unknown>; message: string }[];
  member(name: string): Promise<Identity>;
  connect(identity: Identity, options?: Partial<PeerOptions>): Promise<Peer>;
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; json: Record<string, unknown> }>;
  /** Stops the broker and starts another on the same folder. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Runs a statement behind the broker's back, as another one on the same store would. */
  plant(sql: string): void;
  /** Value of one sample of /metrics, 0 if absent; `sample` with its labels. */
  metric(sample: string): Promise<number>;
}

export async function brokerFixture(context: TestContext, options: Partial<BrokerOptions> = {}): Promise<Fixture> {
  const dataDir = mkdtempSync(join(tmpdir(), "cm-broker-"));
  const clock = createManualClock();
  const logged: Fixture["logged"] = [];
  const entry = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void logged.push({ level, fields, message });
  const log: Log = { debug: entry("debug"), info: entry("info"), warn: entry("warn"), error: entry("error") };
  const peers: Peer[] = [];

  async function start(): Promise<Broker> {
    const broker = createBroker({ dataDir, listen: { host: "127.0.0.1", port: 0 }, clock, log, ...options });
    await broker.start();
    return broker;
  }

  let stop: () => Promise<void> = async () => undefined;
  context.after(async () => {
    for (const peer of peers) await peer.close();
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const state = { broker: await start(), meshId: "" };
  stop = () => state.broker.stop();
  const fixture: Fixture = {
    get broker() {
      return state.broker;
    },
    get meshId() {
      return state.meshId;
    },
    dataDir,
    clock,
    logged,
    async member(name) {
      const identity = newIdentity();
      const { status } = await fixture.admin("POST", `/v1/meshes/${state.meshId}/members`, {
        member_id: identity.memberId,
        name,
        role: "member",
      });
      if (status !== 200) throw new Error(`adding ${name}: ${status}`);
      return identity;
    },
    async connect(identity, more = {}) {
      const peer = await connectPeer({ url: state.broker.url, meshId: state.meshId, identity, ...more });
      peers.push(peer);
      return peer;
    },
    admin: (method, path, body) => call({ socketPath: state.broker.adminSocket }, method, path, body),
    stop: () => state.broker.stop(),
    async start() {
      state.broker = await start();
    },
    async restart() {
      await fixture.stop();
      await fixture.start();
    },
    plant(sql) {
      const db = new DatabaseSync(join(dataDir, "broker.db"));
      db.exec(sql);
      db.close();
    },
    async metric(sample) {
      const { hostname, port } = new URL(state.broker.url);
      const { text } = await call({ host: hostname, port: Number(port) }, "GET", "/metrics");
      const line = text.split("\n").find((one) => one.startsWith(`${sample} `));
      return line === undefined ? 0 : Number(line.slice(sample.length + 1));
    },
  };
  state.meshId = String((await fixture.admin("POST", "/v1/meshes", { slug: "test" })).json["mesh_id"]);
  return fixture;
}

/** One HTTP request; `json` is {} when the answer is not JSON. */
export function call(
  where: { socketPath: string } | { host: string; port: number },
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string; json: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...where, method, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        const isJson = text !== "" && String(response.headers["content-type"]).includes("json");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
