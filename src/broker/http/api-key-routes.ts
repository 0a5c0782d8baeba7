import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { operation, type Route } from "../../http/route.ts";
import { described, inPath, invalid, listOf, oneOf, optional, text, whole } from "../../http/shape.ts";
import { parseAddress } from "../../protocol/address.ts";
import { apiKeyScopes, writeApiKey } from "../../protocol/api-key.ts";
import type { ApiKeyMade, ApiKeyView } from "../../protocol/direct-api.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { isMemberId, isUuidV7, newUuidV7 } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { hashOfSecret } from "../direct/api-key-check.ts";
import type { ApiKeyRow } from "../store/api-key-store.ts";
import type { BrokerStore, MemberRow } from "../store/store.ts";
import * as answers from "./api-key-answers.schema.ts";

const secretBytes = 32;
const defaultExpirySeconds = 90 * 86_400;
const meshParam = { mesh_id: text() };
const keyParam = {
  key_id: inPath(text(), noSuchKey),
};

const form = {
  name: described(text({ charsMax: limits.apiKeyNameCharsMax }), "What it is for; shown in lists", {
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
  }),
  member: described(
    optional(text({ charsMax: limits.nameCharsMax })),
    "Whom it belongs to and speaks for: a name or member_id; absent: the mesh's owner, where it has one",
  ),
  scopes: described(optional(listOf(oneOf(...apiKeyScopes), apiKeyScopes.length)), "What it may do; absent: send"),
  destinations: described(
    optional(listOf(text(), limits.apiKeyDestinationsMax)),
    "`#topic` and `queue:name` that it may send to and read of; absent: wherever its member may",
  ),
  expires_in_s: described(optional(whole(1, limits.apiKeyExpiryMsMax / 1_000)), "Seconds; absent: ninety days", {
    default: defaultExpirySeconds,
  }),
};

/** Keys of callers without a daemon, made by the broker's operator. */
export function apiKeyRoutes(parts: {
  readonly store: BrokerStore;
  readonly clock: Clock;
  readonly log: Log;
}): readonly Route[] {
  return [
    operation({
      name: "apiKeyCreate",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/api_keys",
      summary: "Make an API key of a member; the key is in this answer and nowhere else",
      params: meshParam,
      body: form,
      answers: [{ status: 201, description: "The key, this once", body: answers.apiKeyMade }],
      errors: ["invalid_destination", "not_a_member", "too_many_api_keys", "store_unavailable"],
      async handle({ params, body }) {
        const { store, clock, log } = parts;
        const members = await membersOf(store, params.mesh_id);
        const member = ownerOf(body.member, members);
        const now = clock.now();
        const secret = randomBytes(secretBytes);
        const row = await store.createApiKey({
          mesh_id: params.mesh_id,
          key_id: newUuidV7(now),
          key_hash: hashOfSecret(secret),
          member_id: member.member_id,
          name: keyName(body.name),
          scopes: scopesOf(body.scopes),
          destinations: destinationsOf(body.destinations),
          created_at: now,
          expires_at: now + (body.expires_in_s ?? defaultExpirySeconds) * 1_000,
        });
        log.info(
          { audit: "api_key_created", mesh_id: row.mesh_id, member_id: row.member_id, key_id: row.key_id },
          "an API key was made",
        );
        const made: ApiKeyMade = {
          ...apiKeyView(row, members, now),
          mesh_id: row.mesh_id,
          key: writeApiKey({ meshId: row.mesh_id, secret }),
        };
        return { status: 201, body: made };
      },
    }),
    operation({
      name: "apiKeyList",
      method: "GET",
      path: "/v1/meshes/{mesh_id}/api_keys",
      summary: "API keys of a mesh, newest first, without the keys themselves",
      params: meshParam,
      answers: [{ status: 200, description: "The newest thousand", body: answers.apiKeys }],
      errors: ["store_unavailable"],
      async handle({ params }) {
        const members = await membersOf(parts.store, params.mesh_id);
        const now = parts.clock.now();
        const rows = await parts.store.apiKeys(params.mesh_id);
        return { status: 200, body: { items: rows.map((row) => apiKeyView(row, members, now)) } };
      },
    }),
    operation({
      name: "apiKeyRevoke",
      method: "POST",
      path: "/v1/meshes/{mesh_id}/api_keys/{key_id}/revoke",
      summary: "Take an API key back; from the answer on it opens nothing",
      params: { ...meshParam, ...keyParam },
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "The key as it is now", body: answers.apiKey }],
      errors: ["store_unavailable"],
      async handle({ params }) {
        if (!isUuidV7(params.key_id)) throw noSuchKey();
        const members = await membersOf(parts.store, params.mesh_id);
        const now = parts.clock.now();
        const row = await parts.store.revokeApiKey(params.mesh_id, params.key_id, now);
        parts.log.info(
          { audit: "api_key_revoked", mesh_id: row.mesh_id, member_id: row.member_id, key_id: row.key_id },
          "an API key was revoked",
        );
        return { status: 200, body: apiKeyView(row, members, now) };
      },
    }),
  ];
}

function noSuchKey(): ClaudemeshError {
  return new ClaudemeshError("not_found", "this mesh has no such API key", { hint: "claudemesh apikey list" });
}

async function membersOf(store: BrokerStore, meshId: string): Promise<readonly MemberRow[]> {
  if ((await store.meshById(meshId)) !== null) return store.members(meshId);
  throw new ClaudemeshError("not_found", "there is no such mesh", { hint: "GET /v1/meshes lists them" });
}

/** Whom the key shall belong to. */
function ownerOf(written: string | undefined, members: readonly MemberRow[]): MemberRow {
  const active = members.filter(({ status }) => status === "active");
  if (written === undefined) {
    const [owner, another] = active.filter(({ role }) => role === "owner");
    if (owner !== undefined && another === undefined) return owner;
    throw invalid("member", `must be given: the mesh has ${owner === undefined ? "no owner" : "several owners"}`);
  }
  const name = written.replace(/^@/, "").toLowerCase();
  const found = active.find((one) => (isMemberId(name) ? one.member_id : one.name.toLowerCase()) === name);
  if (found !== undefined) return found;
  throw new ClaudemeshError("not_a_member", `@${name.replace(/[^\x21-\x7e]/g, "?")} is no member of this mesh`, {
    hint: "claudemesh members",
  });
}

function keyName(written: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(written)) return written;
  throw invalid("name", "must be letters, digits, '.', '_' and '-', a letter or digit first");
}

function scopesOf(written: ApiKeyRow["scopes"] | undefined): ApiKeyRow["scopes"] {
  const scopes = apiKeyScopes.filter((scope) => (written ?? ["send"]).includes(scope));
  if (scopes.length === 0) throw invalid("scopes", "must have at least one entry");
  return scopes;
}

function destinationsOf(written: readonly string[] | undefined): string[] | null {
  if (written === undefined) return null;
  if (written.length === 0) throw invalid("destinations", "must have at least one entry");
  const read = written.map((one) => {
    const address = parseAddress(one);
    if (address.kind === "topic") return `#${address.name}`;
    if (address.kind === "queue") return `queue:${address.name}`;
    throw new ClaudemeshError("invalid_destination", "an API key is for topics and queues", {
      hint: "name #topic or queue:name",
    });
  });
  return [...new Set(read)].sort();
}

function apiKeyView(row: ApiKeyRow, members: readonly MemberRow[], now: number): ApiKeyView {
  const { key_id, name, member_id, scopes, destinations } = row;
  return {
    key_id,
    name,
    member_id,
    member: members.find((member) => member.member_id === member_id)?.name ?? member_id,
    scopes,
    destinations,
    state: row.revoked_at !== null ? "revoked" : row.expires_at <= now ? "expired" : "open",
    created_at: rfc3339(row.created_at),
    expires_at: rfc3339(row.expires_at),
    revoked_at: row.revoked_at === null ? null : rfc3339(row.revoked_at),
    last_used_at: row.last_used_at === null ? null : rfc3339(row.last_used_at),
  };
}
