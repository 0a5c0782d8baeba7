/** Links to a broker process, with envelopes made beforehand, as the load of a measurement. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { connectPeer, envelopeOf, type Identity, newIdentity, type Peer } from "../src/broker/testing/peer.ts";
import { newUuidV7, wireId } from "../src/protocol/ids.ts";
import type { BrokerProcess } from "./broker-process.ts";
import { type LoadFigures, percentile } from "./figures.ts";

/** A link and what it will send. */
export interface Sender {
  readonly peer: Peer;
  readonly frames: readonly string[];
}

export interface LoadShape {
  readonly count: number;
  readonly links: number;
  readonly inFlight: number;
  /** Envelopes in one frame. */
  readonly frame: number;
  readonly ids: "uuidv7" | "random";
}

export async function createMesh(broker: BrokerProcess, slug: string): Promise<string> {
  return String((await admin(broker.adminSocket, "/v1/meshes", { slug }))["mesh_id"]);
}

export async function addMember(broker: BrokerProcess, meshId: string, name: string): Promise<Identity> {
  const identity = newIdentity();
  await admin(broker.adminSocket, `/v1/meshes/${meshId}/members`, {
    member_id: identity.memberId,
    name,
    role: "member",
  });
  return identity;
}

/** Links spread evenly over the meshes; `to` of each is what its envelopes go to, by default a member that is away. */
export async function openSenders(
  broker: BrokerProcess,
  meshIds: readonly string[],
  shape: LoadShape,
  to?: string,
): Promise<Sender[]> {
  const receivers = new Map<string, string>();
  for (const meshId of meshIds) receivers.set(meshId, to ?? (await addMember(broker, meshId, "receiver")).memberId);
  const senders: Sender[] = [];
  for (let link = 0; link < shape.links; link += 1) {
    const meshId = meshIds[link % meshIds.length] ?? "";
    const identity = await addMember(broker, meshId, `sender-${link}`);
    const frames = prepareFrames(meshId, identity, receivers.get(meshId) ?? "", shape);
    senders.push({ frames, peer: await connectPeer({ url: broker.url, meshId, identity }) });
  }
  return senders;
}

/** Envelopes are made before the clock runs: sealing and signing are the daemon's work, measured elsewhere. */
function prepareFrames(meshId: string, sender: Identity, receiver: string, shape: LoadShape): string[] {
  const frames: string[] = [];
  const startMs = Date.now();
  const count = Math.floor(shape.count / shape.links);
  for (let id = 1; frames.length * shape.frame + shape.frame <= count; id += 1) {
    const items = Array.from({ length: shape.frame }, (_, place) =>
      envelopeOf(meshId, sender, receiver, randomBytes(225).toString("base64url"), {
        client_message_id:
          shape.ids === "uuidv7"
            ? newUuidV7(startMs + id * shape.frame + place)
            : wireId(sender.memberId, randomBytes(12).toString("hex")),
      }),
    );
    frames.push(JSON.stringify({ type: "send", id, items }));
  }
  return frames;
}

/** Sends every frame of every link with a fixed number in flight and waits for its answers, which must all be `status`. */
export async function driveAll(
  senders: readonly Sender[],
  shape: LoadShape,
  status: 200 | 201 = 201,
): Promise<LoadFigures & { readonly answered: number }> {
  const times: number[] = [];
  const framesInFlight = Math.max(1, Math.floor(shape.inFlight / shape.links / shape.frame));
  const start = performance.now();
  await Promise.all(senders.map((sender) => drive(sender, framesInFlight, status, times)));
  const seconds = (performance.now() - start) / 1_000;
  const answered = senders.reduce((sum, { frames }) => sum + frames.length * shape.frame, 0);
  return { answered, perSecond: answered / seconds, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

export async function closeAll(senders: readonly Sender[]): Promise<void> {
  for (const { peer } of senders) await peer.close();
}

function drive({ peer, frames }: Sender, inFlight: number, status: number, times: number[]): Promise<void> {
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
    const answer = JSON.parse(String(data)) as { type: string; id: number; items: { status: number }[] };
    if (answer.type !== "send_ack") return;
    const other = answer.items.find((item) => item.status !== status);
    if (other !== undefined) return done.reject(new Error(`answered ${JSON.stringify(other)}`));
    times.push(performance.now() - (startedAt.get(answer.id) ?? 0));
    startedAt.delete(answer.id);
    answered += 1;
    if (answered === frames.length) return done.resolve();
    sendNext();
  });
  for (let count = 0; count < inFlight; count += 1) sendNext();
  void peer.closed.then(({ code, reason }) => done.reject(new Error(`the link closed with ${code} ${reason}`)));
  return done.promise;
}

export function admin(socketPath: string, path: string, body: unknown): Promise<Record<string, unknown>> {
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
