import { randomBytes } from "node:crypto";
import type { WebSocket } from "ws";
import { ClaudemeshError } from "../../protocol/error.ts";
import { frameText, parseDaemonFrame } from "../../protocol/frame-check.ts";
import type { HelloAckFrame, HelloFrame } from "../../protocol/frames.ts";
import { newUuidV7 } from "../../protocol/ids.ts";
import { serviceRestartCode } from "../../protocol/close-codes.ts";
import { challengeBytes, sign } from "../../protocol/signing.ts";
import { currentKeys } from "../../protocol/membership/state.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { noteClosed } from "../fleet/after-close.ts";
import { replaceLink } from "../fleet/ended.ts";
import type { LogState } from "../../protocol/frames.ts";
import { kickNow } from "../store/read-row.ts";
import type { RaisedLink } from "../store/link-store.ts";
import type { Kick, MemberRow } from "../store/store.ts";
import { settleOthers } from "./concurrency.ts";
import { featureAnswer } from "./feature-params.ts";
import { type HelloContext, OpeningRefused, proveHello } from "./hello.ts";
import { kickWords } from "./kicked.ts";
import type { LinkParts } from "./link-parts.ts";
import { shownJson } from "../../protocol/shown-json.ts";
import { createLiveLink, type LiveLink } from "./live-link.ts";
import { memberInfo } from "./member-info.ts";
import { noteHost } from "./note-host.ts";
import type { Outgoing } from "./outgoing.ts";

/** Restarts of the store that one opening follows. */
const lifeTriesMax = 3;

/**
 * One connection from its challenge to hello_ack, in wire.md §1's order. Resolves with the live link, or null when
 * the connection was refused, said nothing in time, or went away; then it is closed.
 */
export async function openLink(
  ws: WebSocket,
  out: Outgoing,
  dialled: { readonly authority: string; readonly certificatePrint: string | null },
  parts: LinkParts,
): Promise<LiveLink | null> {
  const nonce = randomBytes(32).toString("base64url");
  const { brokerId, privateKey } = parts.key;
  const serverTime = rfc3339(parts.clock.now());
  const first = firstMessage(ws, out, parts);
  out.send({
    type: "challenge",
    nonce,
    broker_id: brokerId,
    server_time: serverTime,
    signature: sign(privateKey, challengeBytes(nonce, brokerId, serverTime)),
  });
  try {
    const text = await first;
    if (text === null) {
      out.close("protocol_error", "no hello in time");
      return null;
    }
    const hello = parseDaemonFrame(text);
    if (hello.type !== "hello") throw new OpeningRefused("protocol_error", "the first frame is a hello");
    return await admit(
      hello,
      { nonce, brokerId, ...dialled, authorities: parts.authorities() ?? new Set(), behindProxy: parts.behindProxy },
      ws,
      out,
      parts,
    );
  } catch (thrown) {
    refuse(thrown, out, parts);
    return null;
  }
}

async function admit(
  hello: HelloFrame,
  context: HelloContext,
  ws: WebSocket,
  out: Outgoing,
  parts: LinkParts,
): Promise<LiveLink | null> {
  const proven = await proveHello(hello, context, parts.store, parts.membership.fresh);
  const features = await featureAnswer(hello.features, parts, proven.mesh.concurrency);
  if (ws.readyState !== ws.OPEN) return null;
  await parts.keyNews.follow(hello.mesh_id);
  await noteEphemeral(hello, proven.member, parts);
  // From the store's word to the registry in one turn: what the store is told of the member's links here is all of them.
  return parts.turns.take(hello.mesh_id, hello.member_id, () => place(hello, proven, features, ws, out, parts));
}

/** Gives the member's link its place among its others, and makes it live. */
async function place(
  hello: HelloFrame,
  { mesh, member, chain }: Awaited<ReturnType<typeof proveHello>>,
  features: HelloAckFrame["features"],
  ws: WebSocket,
  out: Outgoing,
  parts: LinkParts,
): Promise<LiveLink | null> {
  const { clock, limits } = parts;
  const membership = chain === null ? null : { n: chain.n, hash: chain.head };
  const raised = await raise(hello, parts);
  const { link_epoch, life } = raised;
  await noteHost(hello, member, parts);
  const log = await logOf(hello, raised, ws, parts);
  if (log === null) return null;
  // The log that the member's position was compared with may be another one by now: it shows it again.
  if (life !== parts.store.life()) {
    out.closeWith(serviceRestartCode, "service_restart");
    return null;
  }

  // Ended, or its keys changed, since its hello was read: there was no link yet to be closed by that. It dials again, and hears why.
  const own = parts.membership.kept(hello.mesh_id)?.members.get(hello.member_id);
  if (own !== undefined && (own.status !== "active" || currentKeys(own).keyId !== hello.key_id)) {
    out.closeWith(serviceRestartCode, "service_restart");
    return null;
  }
  if (parts.store.shared === null) await requireNotKicked(hello, parts);
  const connectionId = newUuidV7(clock.now());
  settleOthers(hello, { before: member, raised }, parts);
  const receives = raised.place === "receives";
  const { mesh_id, member_id, instance_id, previous_instance_id } = hello;
  // One that only sends takes nobody's place.
  if (receives)
    parts.bus.publish({ kind: "link_opened", mesh_id, member_id, link_epoch, life, instance_id, previous_instance_id });

  ws.removeAllListeners("message");
  const link = createLiveLink(
    ws,
    out,
    {
      connectionId,
      meshId: hello.mesh_id,
      memberId: hello.member_id,
      keyId: hello.key_id,
      instanceId: hello.instance_id,
      linkEpoch: link_epoch,
      receives,
      life,
      agents: { agents: hello.agents, agents_told: hello.agents_told ?? null },
      inlineBytes: limits.inlineBytes,
    },
    parts,
  );
  parts.registry.set(link);
  parts.membership.noticed(link.meshId, membership);
  parts.membership.opened(link);
  parts.metrics.links.set(parts.registry.count());
  parts.metrics.linksOpened.inc();
  const ack: HelloAckFrame = {
    type: "hello_ack",
    connection_id: connectionId,
    link_epoch,
    receives,
    mesh: { mesh_id: mesh.mesh_id, slug: mesh.slug },
    member: { ...memberInfo(member, clock.now(), limits.presenceLeaseMs), online: true, agents: hello.agents },
    features,
    limits: { inline_bytes: limits.inlineBytes, frame_bytes: limits.frameBytesMax, frame_items: limits.frameItemsMax },
    log: { epoch: log.epoch, head: log.head, breaks: log.breaks },
    membership,
  };
  link.send(ack);
  ws.resume();
  parts.presence.opened(link, member);
  parts.keyNews.mayLack(link.meshId, link.memberId);
  noteOpened(link, hello, features, parts);
  return link;
}

/**
 * Before its link is raised, so that the upkeep which forgets such members finds it here: whoever comes back in the last moment stays,
 * or hears that it has expired.
 */
async function noteEphemeral(hello: HelloFrame, member: MemberRow, { store, clock, limits }: LinkParts): Promise<void> {
  const ephemeral = hello.ephemeral === true;
  if (!ephemeral && !member.ephemeral) return;
  const until = ephemeral ? clock.now() + limits.presenceLeaseMs : 0;
  await store.noteEphemeral(hello.mesh_id, hello.member_id, { ephemeral, until });
}

function noteOpened(link: LiveLink, hello: HelloFrame, features: HelloAckFrame["features"], parts: LinkParts): void {
  const agreed = Object.entries(features.supported).map(([name, { params }]) => `${name} ${params.version}`);
  const who = { mesh_id: link.meshId, member_id: link.memberId, connection_id: link.connectionId };
  const { linkEpoch: link_epoch, receives } = link;
  const lacks = features.missing_required;
  parts.log.info({ ...who, link_epoch, receives, client: hello.client, agreed, lacks }, "link opened");
  parts.log.debug({ ...who, asked: shownJson(hello.features), answered: features }, "features negotiated");
}

/** Compared and raised in one life of the store: what was compared in another says nothing of the log that the link begins on. */
async function raise(hello: HelloFrame, parts: LinkParts): Promise<RaisedLink> {
  for (let tries = 1; ; tries += 1) {
    const life = parts.store.life();
    await compareLogs(hello, parts);
    const raised = await parts.store.raiseLinkEpoch(hello.mesh_id, hello.member_id, {
      instance_id: hello.instance_id,
      previous_instance_id: hello.previous_instance_id,
      now: parts.clock.now(),
      held: parts.registry.ofMember(hello.mesh_id, hello.member_id).map(({ linkEpoch }) => linkEpoch),
    });
    if (raised.kick !== null) throw await kicked(hello, raised.kick, parts);
    if (raised.life === life) return raised;
    if (tries === lifeTriesMax) throw new ClaudemeshError("store_unavailable", "the store restarts again and again");
  }
}

/** Sent away since its link was raised, when there was none yet to be closed by that. Among several brokers the sweep finds it. */
async function requireNotKicked(hello: HelloFrame, parts: LinkParts): Promise<void> {
  const member = await parts.store.member(hello.mesh_id, hello.member_id);
  const kick = kickNow(member?.kick ?? null, parts.clock.now());
  if (kick !== null) throw await kicked(hello, kick, parts);
}

async function kicked(hello: HelloFrame, kick: Kick, parts: LinkParts): Promise<OpeningRefused> {
  const { detail, facts } = await kickWords(hello.mesh_id, kick, parts.store);
  return new OpeningRefused("kicked", detail, facts);
}

/**
 * The log as the link begins on it; null when the peer left meanwhile. Its hello has been raised above an older link of the member all
 * the same, which can accept nothing more by that: where this one comes to nothing that one is ended too, so that its daemon dials again.
 */
async function logOf(hello: HelloFrame, raised: RaisedLink, ws: WebSocket, parts: LinkParts): Promise<LogState | null> {
  const { mesh_id: meshId, member_id: memberId } = hello;
  let log: LogState | null = null;
  try {
    log = await parts.store.log(meshId);
    return ws.readyState === ws.OPEN ? log : null;
  } finally {
    if ((log === null || ws.readyState !== ws.OPEN) && raised.place !== "refused") {
      const older = parts.registry.get(meshId, memberId);
      if (raised.place === "receives" && older !== null && older.linkEpoch < raised.link_epoch)
        replaceLink(older, null, parts);
      noteClosed({ meshId, memberId, linkEpoch: raised.link_epoch }, parts);
    }
  }
}

/** A daemon that durably holds more than this log has: commits were lost, and everyone must know (delivery.md §5). */
async function compareLogs(hello: HelloFrame, parts: LinkParts): Promise<void> {
  const positions = hello.position === null ? hello.earlier_positions : [hello.position, ...hello.earlier_positions];
  if (positions.length === 0) return;
  const found = await parts.store.checkPosition(hello.mesh_id, positions, parts.clock.now());
  if (found.state === "ok" || !found.opened) return;
  parts.metrics.logEpochChanged.inc({ mesh: hello.mesh_id });
  parts.log.error(
    { mesh_id: hello.mesh_id, epoch: found.log.epoch, head: found.log.head, breaks: found.log.breaks },
    "THE STORE LOST COMMITTED MESSAGES: a member holds a position that this log does not have. Was an old backup restored? A new log epoch is open; members send again what lies above the common prefix.",
  );
  const { epoch, head, breaks } = found.log;
  parts.router.uncertain(hello.mesh_id);
  parts.news.tell(hello.mesh_id, { type: "event", event: "log_epoch_changed", log: { epoch, head, breaks } });
  parts.bus.publish({ kind: "log_cut", mesh_id: hello.mesh_id });
  for (const link of parts.registry.ofMesh(hello.mesh_id)) await link.openDestinations(true);
}

function refuse(thrown: unknown, out: Outgoing, parts: LinkParts): void {
  if (thrown instanceof OpeningRefused) {
    parts.metrics.openingsRefused.inc({ code: thrown.kind });
    parts.log.warn({ kind: thrown.kind, reason: thrown.message }, "opening refused");
    return out.close(thrown.kind, thrown.message, thrown.facts);
  }
  const error = ClaudemeshError.from(thrown);
  parts.metrics.openingsRefused.inc({ code: error.code });
  parts.log.warn({ code: error.code, error: error.message }, "opening failed");
  if (error.code === "auth_failed") return out.close("auth_failed", error.message);
  out.close("protocol_error", error.status >= 500 ? "the broker cannot open links now" : error.message);
}

/** The first frame, or null when the deadline passes or the peer leaves. Reading then stops until the link is live. */
function firstMessage(ws: WebSocket, out: Outgoing, parts: LinkParts): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const deadline = parts.clock.after(parts.limits.openingMs, () => resolve(null));
    ws.once("close", () => {
      deadline.cancel();
      resolve(null);
    });
    ws.once("message", (data, binary) => {
      deadline.cancel();
      ws.on("message", () => out.close("protocol_error", "nothing is sent between hello and hello_ack"));
      ws.pause();
      try {
        resolve(frameText(data, binary));
      } catch (thrown) {
        reject(thrown);
      }
    });
  });
}
