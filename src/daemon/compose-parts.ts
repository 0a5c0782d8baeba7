import { createSecretKey } from "node:crypto";
import { join } from "node:path";
import type { Service } from "../base/service.ts";
import { frameBatch } from "../protocol/agent-framing.ts";
import { processLives } from "../base/process-print.ts";
import { inMemory } from "../base/sqlite-database.ts";
import { wantedFingerprint, requestFingerprintVersion, signedFingerprintVersion } from "../protocol/fingerprint.ts";
import type { FeatureParams } from "../protocol/frames.ts";
import { signKeyProof } from "../protocol/membership/entry.ts";
import { activeMember, currentKeys } from "../protocol/membership/state.ts";
import type { Durability } from "../protocol/local-api.ts";
import type { Agents } from "./agents/agents.ts";
import { createDeliver } from "./agents/deliver.ts";
import { createOffers } from "./agents/create-offers.ts";
import type { Offers } from "./agents/offers.ts";
import { newNonce } from "./agents/new-nonce.ts";
import { wayAdapters } from "./agents/way-adapters.ts";
import { createAgents } from "./agents/registry.ts";
import { type Config, defaultDiskBytesMax } from "./config.ts";
import type { DaemonOptions } from "./daemon.ts";
import { type DaemonEnd, linkEnd } from "./daemon-end.ts";
import { createBlobClient } from "./files/blob-client.ts";
import { createFiles, type Files } from "./files/files.ts";
import { createRowFiles } from "./files/row-files.ts";
import { carriedOf } from "./outbox/carried.ts";
import { addressOf } from "../http/broker-dial.ts";
import type { CheckedHost } from "./identity/host/check-host.ts";
import { composeHooks, reloadingHooks } from "./hooks/compose-hooks.ts";
import type { Hooks } from "./hooks/hooks.ts";
import { createPreSend, type PreSend } from "./hooks/pre-send/pre-send.ts";
import { followOwnName } from "./identity/follow-name.ts";
import type { Identity } from "./identity/member.ts";
import { receiptEvent } from "./receipt-event.ts";
import { openOwnKeys, type OwnKeys } from "./identity/own-keys.ts";
import { createRotation, type Rotation } from "./identity/rotation.ts";
import { createInbox } from "./inbox/inbox.ts";
import { createKeyring } from "./keys/keyring.ts";
import { createLink } from "./link/link.ts";
import { ephemeralOutboxBytesMax } from "./ephemeral.ts";
import { chainInMemory } from "./membership/membership-file.ts";
import type { Liveness } from "./link/silence-watch.ts";
import type { LiveConfig } from "./live-config.ts";
import { createMembership } from "./membership/membership.ts";
import { archiveCounters, createDaemonMetrics, type DaemonMetrics, databaseBytes, linkCounters } from "./metrics.ts";
import { createOutbox } from "./outbox/outbox.ts";
import { ownSelf } from "./membership/own-standing.ts";
import type { SendParts } from "./localapi/send.ts";
import { askBroker } from "./localapi/ask-broker.ts";
import { createMeshSeal, type MeshSeal } from "./membership/seal-mesh.ts";
import { sealEnvelope } from "./outbox/seal-envelope.ts";
import type { Inbox, Keyring, Link, LinkRequest, Membership, Outbox } from "./parts.ts";
import type { Self } from "./resolve-address.ts";
import { readProgramVersion } from "../base/program-version.ts";

/** What lies behind the local API. */
export interface Parts {
  readonly identity: Identity;
  readonly keys: OwnKeys;
  readonly rotation: Rotation;
  readonly config: Config;
  readonly settings: LiveConfig;
  readonly metrics: DaemonMetrics;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly link: Link;
  readonly files: Files;
  readonly membership: Membership;
  readonly meshSeal: MeshSeal;
  readonly keyring: Keyring;
  readonly agents: Agents;
  readonly offers: Offers;
  /** Puts messages into sessions by ways of the daemon's own. */
  readonly deliver: Service;
  readonly self: Self;
  readonly hooks: Hooks;
  readonly preSend: PreSend;
  isReadOnly(): boolean;
  readonly durability: Durability;
  readonly observe: SendParts["observe"];
}

/** Makes the parts and ties them together; starts none. `end` is called when one of them cannot go on. */
export function composeParts(
  options: DaemonOptions,
  settings: LiveConfig,
  identity: Identity,
  /** null: none that could be copied. */
  host: CheckedHost | null,
  end: (why: DaemonEnd) => void,
): Parts {
  const { dir, clock, log } = options;
  // What a part reads of it once stays as it was at the start; what may change it reads at each use.
  const { config } = settings;
  const { mesh } = identity;
  const planted = options.pragmas === undefined ? {} : { pragmas: options.pragmas };
  const { ephemeral } = options;
  const paths =
    ephemeral === undefined
      ? { outbox: join(dir, "outbox.db"), inbox: join(dir, "inbox.db"), topicKeys: join(dir, "topic_keys.json") }
      : { outbox: inMemory, inbox: inMemory, topicKeys: null };
  // What is in memory is bounded by it, however much disk the settings allow.
  const outboxBytesMax = (): number =>
    ephemeral === undefined
      ? config.outbox.disk_bytes_max
      : Math.min(config.outbox.disk_bytes_max, ephemeralOutboxBytesMax);
  const metrics = createDaemonMetrics(mesh.slug, () => ({
    connected: () => link.state().state === "connected",
    outboxDepth: () => outbox.counts(),
    outboxAgeMs: () => outbox.oldestPendingAgeMs(),
    undecryptable: () => inbox.undecryptableCount(),
    archivedKeys: () => keys.archive.keys().length,
    agentsWaiting: () => agents.names().reduce((sum, name) => sum + offers.waiting(name), 0),
    membership: () => ({
      entries: (membership.state()?.n ?? -1) + 1,
      trouble: membership.trouble()?.code ?? null,
    }),
    disk: () => [
      { kind: "outbox", bytes: databaseBytes(paths.outbox), bytesMax: outboxBytesMax() },
      { kind: "inbox", bytes: databaseBytes(paths.inbox), bytesMax: defaultDiskBytesMax },
      { kind: "files", bytes: files.bytes(), bytesMax: config.files.spool_bytes_max },
    ],
  }));
  const diskFailed = (error: unknown): void =>
    end({
      kind: "store_unavailable",
      message: `the disk failed during a commit: ${String(error)}`,
      hint: "look at the disk, then: claudemesh up",
    });

  const notStored =
    (event: string) =>
    (error: unknown): void =>
      log.warn({ event, err: error }, "a local event could not be stored");

  const request: LinkRequest = (frame) => link.request(frame);
  const keys = openOwnKeys({
    dir,
    keypair: identity,
    settings: () => config.crypto,
    clock,
    log,
    count: archiveCounters(metrics),
    ...(options.files === undefined ? {} : { files: options.files }),
  });
  const membership = createMembership({
    dir,
    meshId: mesh.mesh_id,
    identity: keys,
    clock,
    log,
    ...(ephemeral === undefined ? {} : { inMemory: chainInMemory(ephemeral.chain, mesh.mesh_id) }),
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.files === undefined ? {} : { disk: options.files }),
    request: (frame) => askBroker(link, frame),
    tell: (event, data) => inbox.addEvents([{ event, data }], clock.now()).catch(notStored(event)),
  });
  followOwnName(dir, identity.memberId, membership, log);
  const held = membership.state();
  if (held !== null) keys.follow(held);
  const rotation = createRotation({ keys, meshId: mesh.mesh_id, membership, log });
  const self = ownSelf(membership, identity.memberId, mesh.member_name);
  const inbox = createInbox({
    path: paths.inbox,
    ...planted,
    memberId: identity.memberId,
    memberName: () => self.name,
    nameOf: (memberId) => membership.state()?.members.get(memberId)?.name ?? null,
    clock,
    log,
    fatal: diskFailed,
  });
  const agents = createAgents({
    database: inbox.database,
    self,
    settings: () => config.agents,
    clock,
    log,
    processLives,
  });
  const offers = createOffers({
    database: inbox.database,
    agents,
    memberName: () => self.name,
    nameOf: (memberId) => membership.state()?.members.get(memberId)?.name ?? null,
    defaults: () => ({ policy: config.agents.policy, unverified: config.agents.unverified_policy }),
    frame: (entries, framing) => frameBatch(entries, { ...framing, mesh: mesh.slug, nonce: newNonce }),
    clock,
    count: (way, outcome) => metrics.agentOffers.inc({ way, outcome }),
  });
  const adapters = wayAdapters({
    owner: dir,
    told: offers.told,
    failed: (error) => log.warn({ err: error }, "what became of a message in a session could not be stored"),
    clock,
  });
  const deliver = createDeliver({ agents, offers, inbox, adapters, clock, log });
  const keyring = createKeyring({
    path: paths.topicKeys,
    identity: keys,
    ownKeys: () => keys.opening(),
    countFormer: (what) => (what === "archived" ? metrics.decryptArchived : metrics.decryptStale).inc(),
    membership,
    directory: () => link.directory(),
    request,
    clock,
    log,
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  const outbox: Outbox = createOutbox({
    path: paths.outbox,
    ...planted,
    meshId: mesh.mesh_id,
    memberId: identity.memberId,
    clock,
    log,
    get diskBytesMax() {
      return outboxBytesMax();
    },
    readyFor: (destination) => keyring.readyFor(destination),
    filesReady: (fileIds) => rowFiles.readiness(fileIds),
    seal: (row, body, version) =>
      sealEnvelope(
        row,
        body,
        {
          meshId: mesh.mesh_id,
          memberId: identity.memberId,
          keyId: keys.keyId,
          privateKey: keys.signingKey,
          keyring,
          attachments: (carrying) =>
            carriedOf(carrying).map(({ file_id, name, content_type }) =>
              files.attachment(file_id, { name, contentType: content_type }),
            ),
          membershipHead: () => membership.state()?.head ?? "",
          fingerprintVersion: () => wireFingerprintVersion(link.negotiated(), link.heldFingerprints()),
        },
        version,
      ),
    recipientKey(memberId) {
      const state = membership.state();
      const member = state === null ? null : activeMember(state, memberId);
      return member === null ? null : currentKeys(member).x25519;
    },
    voidIds: (wireIds) => link.voidIds(wireIds),
    onStages: (rows) => inbox.addEvents(rows.map(receiptEvent), clock.now()),
    onMismatch: ({ broker_fingerprint_version, wire_fingerprint_version }) =>
      metrics.fingerprintMismatch.inc({
        broker_version: broker_fingerprint_version ?? "unknown",
        wire_version: wire_fingerprint_version ?? "unknown",
      }),
    onPressure: (used) => {
      log.warn(used, used.high ? "the outbox is filling up" : "the outbox has room again");
      inbox
        .addEvents(
          [{ event: "outbox_pressure", data: { bytes: used.bytes, bytes_max: used.bytesMax, high: used.high } }],
          clock.now(),
        )
        .catch(notStored("outbox_pressure"));
    },
    fatal: diskFailed,
  });
  keyring.onChange(() => outbox.keysChanged());
  const link: Link = createLink({
    mesh,
    identity: keys,
    rotation,
    outbox,
    inbox,
    membership,
    keysToAnnounce: signKeyProof(
      mesh.mesh_id,
      identity.memberId,
      { ed25519_pubkey: identity.ed25519PublicKey, x25519_pubkey: identity.x25519PublicKey },
      identity.signingKey,
    ),
    keyring,
    agents,
    clock,
    log,
    clientVersion: readProgramVersion(),
    ephemeral: ephemeral !== undefined,
    ...(host === null ? {} : { host }),
    requireFeatures: config.features.require,
    features: options.features,
    ...(options.random === undefined ? {} : { random: options.random }),
    get liveness() {
      return livenessOf(config);
    },
    onLivenessChange: (listener) => settings.onChange(() => listener(livenessOf(config))),
    get maxAgeHoursOverride() {
      return config.outbox.max_age_hours_override;
    },
    ...(options.dial === undefined ? {} : { dial: options.dial }),
    count: linkCounters(metrics),
    onFatal: (why) => end(linkEnd(why)),
  });
  const files = createFiles({
    folder: join(dir, "files"),
    get bytesMax() {
      return config.files.spool_bytes_max;
    },
    secret: createSecretKey(identity.sealingSecret),
    client: createBlobClient({
      address: addressOf(mesh.broker_url, mesh.certificate_print),
      meshId: mesh.mesh_id,
      member: () => keys,
      clock,
    }),
    clock,
    ...(options.random === undefined ? {} : { random: options.random }),
    inUse: () => outbox.filesInUse(),
  });
  const rowFiles = createRowFiles({ files, changed: () => outbox.keysChanged() });
  const meshSeal = createMeshSeal({
    meshId: mesh.mesh_id,
    identity: keys,
    membership,
    request: (frame) => askBroker(link, frame),
    clock,
    followKeys: () => keyring.follow(request),
  });
  // The broker's word that this member is none any more holds from when it is heard, not only in the next process.
  const isReadOnly = (): boolean => options.readOnly === true || link.state().last_error_kind === "member_revoked";
  const durability = ephemeral === undefined ? "disk" : "process";
  const observe: SendParts["observe"] = ({ kind, status, duplicate }) => {
    metrics.send.inc({ kind, status });
    if (duplicate) metrics.dedupe.inc({ direction: "out" });
  };
  const sending = {
    outbox,
    link,
    membership,
    files,
    self,
    agents,
    meshId: mesh.mesh_id,
    isReadOnly,
    durability,
    // What hooks send is judged by one of them too.
    get preSend(): PreSend {
      return preSend;
    },
    clock,
    observe,
  } as const;
  const hooks = composeHooks(options, settings, sending, { inbox, metrics, mesh: mesh.slug });
  const preSend = createPreSend({ hooks, log });
  return {
    hooks,
    preSend,
    isReadOnly,
    durability,
    observe,
    identity,
    keys,
    rotation,
    config,
    settings: reloadingHooks(settings, hooks),
    metrics,
    inbox,
    outbox,
    link,
    files,
    membership,
    keyring,
    meshSeal,
    agents,
    offers,
    deliver,
    self,
  };
}

function livenessOf({ link }: Config): Liveness {
  return { pingIntervalMs: link.ping_seconds * 1_000, silenceMs: link.silence_seconds * 1_000 };
}

/** The version that the broker wants, as far as it is known here. Rows are sealed only while a link is up. */
function wireFingerprintVersion(
  negotiated: Readonly<Record<string, FeatureParams>> | null,
  held: readonly string[],
): number {
  const dedupe = negotiated?.["client_message_id_dedupe"];
  if (dedupe === undefined) return signedFingerprintVersion;
  const names: unknown = dedupe.version === 1 ? [] : dedupe["fingerprint_versions"];
  return wantedFingerprint(Array.isArray(names) ? names : [], held) ?? requestFingerprintVersion;
}
