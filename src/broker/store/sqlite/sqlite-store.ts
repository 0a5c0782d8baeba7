import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { DatabaseRefused, openDatabase } from "../../../base/sqlite-database.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { BrokerStore } from "../store.ts";
import { accept, lookUp, voidIds } from "./accept.ts";
import * as apiKeys from "./api-keys.ts";
import * as blobs from "./blobs.ts";
import { createCore, type SqliteStoreOptions, type StoreCore, storeError } from "./core.ts";
import { checkConsistency } from "./consistency.ts";
import { acknowledge, cursors, sentToTopics, topicProgress } from "./cursors.ts";
import * as directory from "./directory.ts";
import * as ephemeral from "./ephemeral.ts";
import { beginIncarnation, checkPosition, logState } from "./epochs.ts";
import { noteFingerprints } from "./fingerprints.ts";
import * as keyReading from "./key-reading.ts";
import * as keys from "./keys.ts";
import * as leases from "./leases.ts";
import * as links from "./links.ts";
import * as membership from "./membership.ts";
import * as queues from "./queues.ts";
import { mentions, repairMentions } from "./mentions.ts";
import * as reading from "./reading.ts";
import { addReceipts, dropReceipts, takeReceipts } from "./receipts.ts";
import { expireMessages } from "./retention.ts";
import * as topics from "./topics.ts";
import { dropNotices, expireDedupe, expireKept, takeNotices } from "./upkeep.ts";

/**
 * The embedded store: one SQLite file, one writing connection, every commit on disk before it is reported. Calls are
 * synchronous inside and asynchronous outside, so that another store can take its place.
 */
export function createSqliteStore(options: SqliteStoreOptions): BrokerStore {
  let db: DatabaseSync | null = null;
  let core: StoreCore | null = null;

  /** Turns a query over the open store into a method of the interface. */
  function method<A extends readonly unknown[], R>(
    query: (core: StoreCore, ...args: A) => R,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      if (core === null) throw new ClaudemeshError("store_unavailable", "the store is not open");
      try {
        return query(core, ...args);
      } catch (thrown) {
        throw storeError(thrown, "read");
      }
    };
  }

  return {
    async start() {
      if (core !== null) return;
      const migrations = fileURLToPath(new URL("../../../../migrations/broker/sqlite", import.meta.url));
      try {
        db = openDatabase(options.path, migrations, options.pragmas);
      } catch (error) {
        if (!(error instanceof DatabaseRefused)) throw error;
        const code = error.reason === "newer" || error.reason === "changed" ? "schema_newer" : "store_corrupt";
        throw new ClaudemeshError(code, error.message, { cause: error });
      }
      core = createCore(options, db, beginIncarnation(db, options.clock.now()));
    },
    async stop() {
      db?.close();
      db = null;
      core = null;
    },
    // A table is read: a statement without one is answered whatever has become of the file.
    ping: method(({ sql }) => void sql("SELECT count(*) AS n FROM schema_migration").get()),
    life: () => core?.incarnation.id ?? "",
    shared: null,
    createMesh: method(directory.createMesh),
    listMeshes: method(directory.listMeshes),
    meshById: method(directory.meshById),
    deleteMesh: method(directory.deleteMesh),
    addMember: method(directory.addMember),
    members: method(directory.members),
    member: method(directory.member),
    createApiKey: method(apiKeys.createApiKey),
    apiKeys: method(apiKeys.apiKeys),
    apiKeyByHash: method(apiKeys.apiKeyByHash),
    revokeApiKey: method(apiKeys.revokeApiKey),
    touchApiKey: method(apiKeys.touchApiKey),
    expireApiKeys: method(apiKeys.expireApiKeys),
    raiseLinkEpoch: method(links.raiseLinkEpoch),
    linkClosed: method(links.linkClosed),
    successor: method(links.successor),
    setConcurrency: method(links.setConcurrency),
    kickMember: method(directory.kickMember),
    noteEphemeral: method(ephemeral.noteEphemeral),
    expireEphemeral: method(ephemeral.expireEphemeral),
    noteHost: method(directory.noteHost),
    touchPresence: method(directory.touchPresence),
    createTopic: method(topics.createTopic),
    deleteTopic: method(topics.deleteTopic),
    topics: method(topics.topics),
    topicByName: method(topics.topicByName),
    subscribe: method((open, meshId: string, memberId: string, name: string, _now: number) =>
      topics.subscribe(open, meshId, memberId, name),
    ),
    unsubscribe: method((open, meshId: string, memberId: string, name: string, _now: number) =>
      topics.unsubscribe(open, meshId, memberId, name),
    ),
    subscribers: method(topics.subscribers),
    createQueue: method(queues.createQueue),
    queues: method(queues.queues),
    queueByName: method(queues.queueByName),
    countQueue: method(queues.countQueue),
    deleteQueue: method(queues.deleteQueue),
    claim: method(leases.claim),
    ack: method(leases.ack),
    nack: method(leases.nack),
    extend: method(leases.extend),
    deadLetters: method(leases.deadLetters),
    requeueDead: method(leases.requeueDead),
    beginBlob: method(blobs.beginBlob),
    finishBlob: method(blobs.finishBlob),
    blob: method(blobs.blob),
    refreshBlob: method(blobs.refreshBlob),
    claimExpiredBlobs: method(blobs.claimExpiredBlobs),
    forgetBlobs: method(blobs.forgetBlobs),
    blobBytes: method(blobs.blobBytes),
    createEpoch: method(keys.createEpoch),
    addWraps: method(keys.addWraps),
    firstEpoch: method(keys.firstEpoch),
    refuseWrap: method(keys.refuseWrap),
    epochsLacked: method(keyReading.epochsLacked),
    epoch: method(keys.epoch),
    keysAbove: method(keyReading.keysAbove),
    wantedWraps: method(keyReading.wantedWraps),
    keysLacked: method(keyReading.keysLacked),
    keyHolders: method(keyReading.keyHolders),
    destinationUsers: method(keyReading.destinationUsers),
    keyHead: method(keyReading.keyHead),
    keyChanges: method(keyReading.keyChanges),
    membershipHead: method(membership.membershipHead),
    membershipAbove: method(membership.membershipAbove),
    appendMembership: method(membership.appendMembership),
    announceKeys: method(membership.announceKeys),
    announcedKeys: method(membership.announcedKeys),
    noteFingerprints: method(noteFingerprints),
    lookUp: method(lookUp),
    accept: method(accept),
    voidIds: method(voidIds),
    log: method(logState),
    checkPosition: method(checkPosition),
    cursors: method(cursors),
    read: method(reading.read),
    readLog: method(reading.readLog),
    history: method(reading.history),
    messageAt: method(reading.messageAt),
    mentions: method(mentions),
    repairMentions: method(repairMentions),
    acknowledge: method(acknowledge),
    sentToTopics: method(sentToTopics),
    topicProgress: method(topicProgress),
    addReceipts: method(addReceipts),
    takeReceipts: method(takeReceipts),
    dropReceipts: method(dropReceipts),
    expireMessages: method(expireMessages),
    takeNotices: method(takeNotices),
    dropNotices: method(dropNotices),
    expireDedupe: method(expireDedupe),
    expireKept: method(expireKept),
    checkConsistency: method(checkConsistency),
  };
}
