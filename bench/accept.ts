/**
 * The embedded accept path over WebSockets: one broker process, this process as its senders, on one machine.
 * Rate limits are raised far above the measurement, since they would be what is measured. Bodies of 300 bytes.
 * `node bench/accept.ts [--count 100000] [--links 4] [--in-flight 512] [--frame 16] [--profile DIR]`
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { systemClock } from "../src/base/clock.ts";
import type { Log } from "../src/base/log.ts";
import { createBroker } from "../src/broker/broker.ts";
import { connectPeer, envelopeOf, type Identity, newIdentity, type Peer } from "../src/broker/testing/peer.ts";
import { newUuidV7, wireId } from "../src/protocol/ids.ts";
import { machine } from "./ceilings.ts";
import { isMain, percentile, printTable } from "./figures.ts";

export interface AcceptOptions {
  count: number;
  links: number;
  inFlight: number;
  frame: number;
  profile: string | null;
}
export interface AcceptResult {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Sends prepared envelopes with a fixed number in flight and waits for every 201. */
export async function measureAccept(ids: "uuidv7" | "random", options: AcceptOptions): Promise<AcceptResult> {
  const dataDir = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const child = fork(import.meta.filename, ["--serve", dataDir], {
    execArgv: options.profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  try {
    const { url, adminSocket } = await new Promise<{ url: string; adminSocket: string }>((resolve, reject) => {
      child.once("message", (message) => resolve(message as { url: string; adminSocket: string }));
      child.once("exit", (code) => reject(new Error(`the broker ended with ${code}`)));
    });
    const meshId = String((await admin(adminSocket, "/v1/meshes", { slug: "bench" }))["mesh_id"]);
    const receiver = await addMember(adminSocket, meshId, "receiver");
    const senders: { identity: Identity; peer: Peer; frames: string[] }[] = [];
    for (let link = 0; link < options.links; link += 1) {
      const identity = await addMember(adminSocket, meshId, `sender-${link}`);
      const frames = prepareFrames(
        meshId,
        identity,
        receiver.memberId,
        Math.floor(options.count / options.links),
        options.frame,
        ids,
      );
      senders.push({ identity, frames, peer: await connectPeer({ url, meshId, identity }) });
    }
    const times: number[] = [];
    const start = performance.now();
    const framesInFlight = Math.max(1, Math.floor(options.inFlight / options.links / options.frame));
    await Promise.all(senders.map(({ peer, frames }) => drive(peer, frames, framesInFlight, times)));
    const seconds = (performance.now() - start) / 1_000;
    for (const { peer } of senders) await peer.close();
    const sent = senders.reduce((sum, { frames }) => sum + frames.length * options.frame, 0);
    return { perSecond: sent / seconds, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
  } finally {
    if (child.connected) child.send("stop");
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Envelopes are made before the clock runs: sealing and signing are the daemon's work, measured elsewhere. */
function prepareFrames(
  meshId: string,
  sender: Identity,
  receiver: string,
  count: number,
  perFrame: number,
  ids: "uuidv7" | "random",
): string[] {
  const frames: string[] = [];
  const startMs = Date.now();
  for (let id = 1; frames.length * perFrame + perFrame <= count; id += 1) {
    const items = Array.from({ length: perFrame }, (_, place) =>
      envelopeOf(meshId, sender, receiver, randomBytes(225).toString("base64url"), {
        client_message_id:
          ids === "uuidv7"
            ? newUuidV7(startMs + id * perFrame + place)
            : wireId(sender.memberId, randomBytes(12).toString("hex")),
      }),
    );
    frames.push(JSON.stringify({ type: "send", id, items }));
  }
  return frames;
}

function drive(peer: Peer, frames: readonly string[], inFlight: number, times: number[]): Promise<void> {
  const done = Promise.withResolvers<void>();
  const startedAt = new Map<number, number>();
  let next = 0;
  let answered = 0;
  const sendNext = (): void => {
    const frame = frames[next];
    if (frame === undefined) return;
    next += 1;
    startedAt.set(next, performance.now());
    peer.socket.send(frame);
  };
  peer.socket.removeAllListeners("message");
  peer.socket.on("message", (data) => {
    const text = String(data);
    const answer = JSON.parse(text) as { type: string; id: number; items: { status: number }[] };
    if (answer.type !== "send_ack") return;
    const refused = answer.items.find(({ status }) => status !== 201);
    if (refused !== undefined) return done.reject(new Error(`answered ${JSON.stringify(refused)}`));
    times.push(performance.now() - (startedAt.get(answer.id) ?? 0));
    startedAt.delete(answer.id);
    answered += 1;
    if (answered === frames.length) return done.resolve();
    sendNext();
  });
  for (let count = 0; count < inFlight; count += 1) sendNext();
  return done.promise;
}

async function addMember(adminSocket: string, meshId: string, name: string): Promise<Identity> {
  const identity = newIdentity();
  await admin(adminSocket, `/v1/meshes/${meshId}/members`, { member_id: identity.memberId, name, role: "member" });
  return identity;
}

function admin(socketPath: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method: "POST", path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(JSON.parse(text) as Record<string, unknown>) : reject(new Error(text)),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(JSON.stringify(body));
  });
}

async function serve(dataDir: string): Promise<void> {
  const complain = (fields: Record<string, unknown>, message: string): void =>
    void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
  const log: Log = { debug() {}, info() {}, warn: complain, error: complain };
  const unlimited = { memberRate: 1_000_000, memberBurst: 1_000_000, meshRate: 1_000_000, meshBurst: 1_000_000 };
  const broker = createBroker({
    dataDir,
    listen: { host: "127.0.0.1", port: 0 },
    clock: systemClock,
    log,
    limits: unlimited,
  });
  await broker.start();
  process.once("message", () => void broker.stop().then(() => process.disconnect()));
  process.send?.({ url: broker.url, adminSocket: broker.adminSocket });
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      serve: { type: "string" },
      count: { type: "string", default: "100000" },
      links: { type: "string", default: "4" },
      "in-flight": { type: "string", default: "512" },
      frame: { type: "string", default: "16" },
      profile: { type: "string" },
    },
  });
  if (values.serve !== undefined) await serve(values.serve);
  else {
    const options: AcceptOptions = {
      count: Number(values.count),
      links: Number(values.links),
      inFlight: Number(values["in-flight"]),
      frame: Number(values.frame),
      profile: values.profile ?? null,
    };
    process.stdout.write(
      `${machine()}\n${options.inFlight} in flight over ${options.links} links, ${options.frame} a frame, rate limits raised\n`,
    );
    const rows: string[][] = [];
    for (const ids of ["uuidv7", "random"] as const) {
      const { perSecond, p50Ms, p99Ms } = await measureAccept(ids, options);
      rows.push([`accept, ${ids} ids`, Math.round(perSecond).toLocaleString("en"), p50Ms.toFixed(1), p99Ms.toFixed(1)]);
    }
    printTable(["path", "messages/s", "p50 ms", "p99 ms"], rows);
  }
}
