import { fileURLToPath } from "node:url";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { BrokerStore } from "../store.ts";
import { accept, lookUp, voidIds } from "./accept.ts";
import * as apiKeys from "./api-keys.ts";
import * as blobs from "./blobs.ts";
import { checkConsistency } from "./consistency.ts";
import { openCore, type PostgresStoreOptions, type StoreCore } from "./core.ts";
import { acknowledge, cursors, sentToTopics, topicProgress } from "./cursors.ts";
import { claimDeployment } from "./deployment.ts";
import * as directory from "./directory.ts";
import * as ephemeral from "./ephemeral.ts";
import { checkPosition, logState } from "./epochs.ts";
import { noteFingerprints } from "./fingerprints.ts";
import * as keyReading from "./key-reading.ts";
import * as keys from "./keys.ts";
import * as leases from "./leases.ts";
import * as links from "./links.ts";
import * as membership from "./membership.ts";
import { mentions, repairMentions } from "./mentions.ts";
import { migrate } from "./migrate.ts";
import * as queues from "./queues.ts";
import * as reading from "./reading.ts";
import * as receipts from "./receipts.ts";
import { expireMessages } from "./retention.ts";
import { createSharedStore } from "./shared.ts";
import { storeError, takesNoWrites } from "./sqlstate.ts";
import * as topics from "./topics.ts";
import * as upkeep from "./upkeep.ts";
import { uuidOrNone } from "./uuid.ts";

export const migrationsFolder = fileURLToPath(new URL("../../../../migrations/broker/postgres", import.meta.url));

/** Rejects unless the store can be read and written: a server that has become a standby accepts nothing. */
async function ping(open: StoreCore): Promise<void> {
  const [row] = await open.rows(
    "SELECT current_setting('transaction_read_only') AS read_only, (SELECT count(*) FROM mesh.schema_migration)",
  );
  if (row?.["read_only"] === "on")
    throw new ClaudemeshError("store_unavailable", "the database takes no writes", { hint: takesNoWrites });
}

/**
 * The store at scale: one PostgreSQL (15 or newer) that any number of brokers share. Everything that a method returns is
 * committed with fsync, whatever the server's defaults are. Connections are made when they are needed and again after the
 * server was away; meanwhile calls fail with store_unavailable, and what was asked is asked again.
 */
export function createPostgresStore(options: PostgresStoreOptions): BrokerStore {
  let core: StoreCore | null = null;

  /** Turns a query over the open store into a method of the interface. */
  function method<A extends readonly unknown[], R>(
    query: (core: StoreCore, ...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      if (core === null) throw new ClaudemeshError("store_unavailable", "the store is not open");
      try {
        return await query(core, ...args);
      } catch (thrown) {
        throw storeError(thrown, "read");
      }
    };
  }

  /** A method whose first argument is a mesh_id as somebody gave it: what cannot be one names no mesh. */
  function ofMesh<A extends unknown[], R>(
    query: (core: StoreCore, meshId: string, ...args: A) => Promise<R>,
  ): (meshId: string, ...args: A) => Promise<R> {
    return method((open, meshId: string, ...args: A) => query(open, uuidOrNone(meshId), ...args));
  }

  /** The same for a method whose argument has a mesh_id among others. */
  function inMesh<I extends { readonly mesh_id: string }, R>(
    query: (core: StoreCore, input: I) => Promise<R>,
  ): (input: I) => Promise<R> {
    return method((open, input: I) => query(open, { ...input, mesh_id: uuidOrNone(input.mesh_id) }));
  }

  return {
    async start() {
      if (core !== null) return;
      await migrate({ ...options, folder: migrationsFolder });
      const opened = openCore(options);
      try {
        await claimDeployment(opened);
      } catch (thrown) {
        await opened.connections.close();
        throw storeError(thrown, "commit");
      }
      core = opened;
    },
    async stop() {
      const open = core;
      core = null;
      await open?.connections.close();
    },
    ping: method(ping),
    life: () => core?.life?.id ?? "",
    shared: createSharedStore(() => {
      if (core === null) throw new ClaudemeshError("store_unavailable", "the store is not open");
      return core;
    }),
    createMesh: method(directory.createMesh),
    listMeshes: method(directory.listMeshes),
    meshById: ofMesh(directory.meshById),
    deleteMesh: ofMesh(directory.deleteMesh),
    addMember: inMesh(directory.addMember),
    members: ofMesh(directory.members),
    member: ofMesh(directory.member),
    createApiKey: inMesh(apiKeys.createApiKey),
    apiKeys: ofMesh(apiKeys.apiKeys),
    apiKeyByHash: ofMesh(apiKeys.apiKeyByHash),
    revokeApiKey: ofMesh(apiKeys.revokeApiKey),
    touchApiKey: ofMesh(apiKeys.touchApiKey),
    expireApiKeys: ofMesh(apiKeys.expireApiKeys),
    raiseLinkEpoch: ofMesh(links.raiseLinkEpoch),
    linkClosed: ofMesh(links.linkClosed),
    successor: ofMesh(links.successor),
    setConcurrency: ofMesh(links.setConcurrency),
    kickMember: ofMesh(directory.kickMember),
    noteEphemeral: ofMesh(ephemeral.noteEphemeral),
    expireEphemeral: ofMesh(ephemeral.expireEphemeral),
    noteHost: ofMesh(directory.noteHost),
    touchPresence: ofMesh(directory.touchPresence),
    createTopic: inMesh(topics.createTopic),
    deleteTopic: ofMesh(topics.deleteTopic),
    topics: ofMesh(topics.topics),
    topicByName: ofMesh(topics.topicByName),
    subscribe: ofMesh((open, meshId, memberId: string, name: string, _now: number) =>
      topics.subscribe(open, meshId, memberId, name),
    ),
    unsubscribe: ofMesh((open, meshId, memberId: string, name: string, _now: number) =>
      topics.unsubscribe(open, meshId, memberId, name),
    ),
    subscribers: ofMesh(topics.subscribers),
    createQueue: inMesh(queues.createQueue),
    queues: ofMesh(queues.queues),
    queueByName: ofMesh(queues.queueByName),
    countQueue: ofMesh(queues.countQueue),
    deleteQueue: ofMesh(queues.deleteQueue),
    claim: ofMesh(leases.claim),
    ack: ofMesh(leases.ack),
    nack: ofMesh(leases.nack),
    extend: ofMesh(leases.extend),
    deadLetters: ofMesh(leases.deadLetters),
    requeueDead: ofMesh(leases.requeueDead),
    beginBlob: ofMesh(blobs.beginBlob),
    finishBlob: ofMesh(blobs.finishBlob),
    blob: ofMesh(blobs.blob),
    refreshBlob: ofMesh(blobs.refreshBlob),
    claimExpiredBlobs: ofMesh(blobs.claimExpiredBlobs),
    forgetBlobs: ofMesh(blobs.forgetBlobs),
    blobBytes: ofMesh(blobs.blobBytes),
    createEpoch: ofMesh(keys.createEpoch),
    addWraps: ofMesh(keys.addWraps),
    firstEpoch: ofMesh(keys.firstEpoch),
    refuseWrap: ofMesh(keys.refuseWrap),
    epochsLacked: ofMesh(keyReading.epochsLacked),
    epoch: ofMesh(keys.epoch),
    keysAbove: ofMesh(keyReading.keysAbove),
    wantedWraps: ofMesh(keyReading.wantedWraps),
    keysLacked: ofMesh(keyReading.keysLacked),
    keyHolders: ofMesh(keyReading.keyHolders),
    destinationUsers: ofMesh(keyReading.destinationUsers),
    keyHead: ofMesh(keyReading.keyHead),
    keyChanges: ofMesh(keyReading.keyChanges),
    membershipHead: ofMesh(membership.membershipHead),
    membershipAbove: ofMesh(membership.membershipAbove),
    appendMembership: ofMesh(membership.appendMembership),
    announceKeys: ofMesh(membership.announceKeys),
    announcedKeys: ofMesh(membership.announcedKeys),
    noteFingerprints: method(noteFingerprints),
    lookUp: ofMesh(lookUp),
    accept: ofMesh(accept),
    voidIds: ofMesh(voidIds),
    log: ofMesh(logState),
    checkPosition: ofMesh(checkPosition),
    cursors: ofMesh(cursors),
    read: ofMesh(reading.read),
    readLog: ofMesh(reading.readLog),
    history: ofMesh(reading.history),
    messageAt: ofMesh(reading.messageAt),
    mentions: ofMesh(mentions),
    repairMentions: ofMesh(repairMentions),
    acknowledge: ofMesh(acknowledge),
    sentToTopics: ofMesh(sentToTopics),
    topicProgress: ofMesh(topicProgress),
    addReceipts: ofMesh(receipts.addReceipts),
    takeReceipts: ofMesh(receipts.takeReceipts),
    dropReceipts: ofMesh(receipts.dropReceipts),
    expireMessages: ofMesh(expireMessages),
    takeNotices: ofMesh(upkeep.takeNotices),
    dropNotices: ofMesh(upkeep.dropNotices),
    expireDedupe: ofMesh(upkeep.expireDedupe),
    expireKept: ofMesh(upkeep.expireKept),
    checkConsistency: ofMesh(checkConsistency),
  };
}
