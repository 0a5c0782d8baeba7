import type { BlobRow } from "./blob-rows.ts";
import type { KeyObject } from "node:crypto";
import type { AgentsKnown, AgentsTold } from "../../protocol/agent-frames.ts";
import type { ApiKeyScope } from "../../protocol/api-key.ts";
import type { ApiKeyRow } from "./api-key-store.ts";
import type { QueueRow } from "./queue-store.ts";
import { concurrencyPolicies, defaultConcurrencyPolicy } from "../../protocol/concurrency.ts";
import { issuePosition } from "./position-mac.ts";
import type { DedupeRecord, ExpiryNotice, Kick, MemberHost, MemberRow, MeshRow, TopicRow } from "./store.ts";

/** A row as either database gives it: a number may be text, and true may be 1. */
type Row = Readonly<Record<string, unknown>>;

const statuses: readonly MemberRow["status"][] = ["active", "revoked", "left", "expired"];

export function readMesh(row: Row): MeshRow {
  return {
    mesh_id: String(row["mesh_id"]),
    slug: String(row["slug"]),
    created_at: Number(row["created_at"]),
    concurrency: concurrencyPolicies.find((policy) => policy === row["concurrency"]) ?? defaultConcurrencyPolicy,
  };
}

export function readMember(row: Row): MemberRow {
  return {
    mesh_id: String(row["mesh_id"]),
    member_id: String(row["member_id"]),
    name: String(row["name"]),
    role: String(row["role"]) as MemberRow["role"],
    status: statuses.find((known) => known === row["status"]) ?? "revoked",
    ephemeral: isTrue(row["ephemeral"]),
    link_epoch: Number(row["link_epoch"]),
    instance_id: textOrNull(row["instance_id"]),
    online_until: Number(row["online_until"]),
    agents: JSON.parse(String(row["agents"])) as string[],
    agents_told: readTold(row["agents_told"], Number(row["link_epoch"])),
    joined_at: Number(row["joined_at"]),
    kick: readKick(row),
    host: readHost(row),
  };
}

/**
 * With the link that told it. A broker of a version before tells the names of a later link and leaves this as it is: then it is not what
 * the member says now, and names may be missing in it.
 */
function readTold(value: unknown, linkEpoch: number): AgentsKnown | null {
  if (typeof value !== "string") return null;
  const { former, online, link_epoch: toldBy } = JSON.parse(value) as AgentsKnown & { readonly link_epoch?: number };
  return toldBy === linkEpoch ? { former, online } : null;
}

/** As {@link readMember} reads it, once the store has put `link_epoch` of the row beside it. */
export function writeTold({ agents_told: told }: AgentsTold): string | null {
  return told === null ? null : JSON.stringify({ former: told.former, online: told.online });
}

export function readHost(row: Row): MemberHost {
  const reason = row["clone_reason"];
  return {
    print: textOrNull(row["host_print"]),
    reason: reason === "host_id" || reason === "wired_address" ? reason : null,
    suspectedAt: numberOrNull(row["clone_suspected_at"]),
  };
}

export function readKick(row: Row): Kick | null {
  const until = Number(row["kicked_until"]);
  return until === 0 ? null : { until, by: String(row["kicked_by"]) };
}

/** Of a member that is sent away now. */
export function kickNow(kick: Kick | null, now: number): Kick | null {
  return kick !== null && kick.until > now ? kick : null;
}

/** `incarnation`: in which its message was committed; null when that is pruned. */
export function readRecord(positionKey: KeyObject, meshId: string, row: Row, incarnation: string | null): DedupeRecord {
  const place = {
    epoch: Number(row["epoch"]),
    seq: Number(row["seq"]),
    broker_message_id: String(row["broker_message_id"]),
  };
  return {
    kind: "record",
    client_message_id: String(row["client_message_id"]),
    ...place,
    request_fingerprint: row["request_fingerprint"] as Uint8Array,
    fingerprint_version: Number(row["fingerprint_version"]),
    sender: String(row["sender"]),
    first_seen_at: Number(row["first_seen_at"]),
    history_available: isTrue(row["history_available"]),
    position: incarnation === null ? null : issuePosition(positionKey, meshId, { ...place, incarnation }),
  };
}

export function readApiKey(row: Row): ApiKeyRow {
  const destinations = textOrNull(row["destinations"]);
  return {
    mesh_id: String(row["mesh_id"]),
    key_id: String(row["key_id"]),
    member_id: String(row["member_id"]),
    name: String(row["name"]),
    scopes: JSON.parse(String(row["scopes"])) as ApiKeyScope[],
    destinations: destinations === null ? null : (JSON.parse(destinations) as string[]),
    created_at: Number(row["created_at"]),
    expires_at: Number(row["expires_at"]),
    revoked_at: numberOrNull(row["revoked_at"]),
    last_used_at: numberOrNull(row["last_used_at"]),
  };
}

export function readTopic(row: Row): TopicRow {
  return {
    mesh_id: String(row["mesh_id"]),
    topic_id: String(row["topic_id"]),
    name: String(row["name"]),
    created_at: Number(row["created_at"]),
    unsealed: isTrue(row["unsealed"]),
    unsealed_through: Number(row["unsealed_through"]),
  };
}

export function readQueue(row: Row): QueueRow {
  return {
    mesh_id: String(row["mesh_id"]),
    name: String(row["name"]),
    created_by: String(row["created_by"]),
    created_at: Number(row["created_at"]),
    deliveries_max: Number(row["deliveries_max"]),
    unsealed: isTrue(row["unsealed"]),
    unsealed_through: Number(row["unsealed_through"]),
  };
}

export function readNotice(row: Row): ExpiryNotice {
  return {
    to: String(row["member"]),
    kind: row["kind"] === "gap" ? "gap" : "expired",
    client_message_id: textOrNull(row["client_message_id"]),
    destination: String(row["destination"]),
    from_seq: Number(row["from_seq"]),
    to_seq: Number(row["to_seq"]),
  };
}

export function readBlob(row: Row): BlobRow {
  return {
    mesh_id: String(row["mesh_id"]),
    blob_id: String(row["blob_id"]),
    bytes: Number(row["bytes"]),
    refreshed_at: Number(row["refreshed_at"]),
  };
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 1;
}
