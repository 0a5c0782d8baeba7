import { lastBrokerPlace } from "../broker/broker-file.ts";
import { call } from "../client/call.ts";
import { createHttpClient } from "../client/http/http-client.ts";
import type { ApiKeyRequest } from "../cli/launcher.ts";
import type { BrokerStatusView, MeshList, MeshView } from "../protocol/admin-api.ts";
import type { ApiKeyMade, ApiKeyView } from "../protocol/direct-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { MembershipEntry } from "../protocol/membership/entry.ts";
import type { MembershipHead } from "../protocol/membership-frames.ts";

/** Answer of the broker's `GET /v1/status`, the part that launchers rely on. */
export type BrokerAnswer = Pick<BrokerStatusView, "broker_id" | "broker_key" | "url" | "exposed" | "pid">;

/** The embedded broker of `dataDir` through its admin socket. Throws not_running when nothing answers there. */
export interface AdminClient {
  status(timeoutMs?: number): Promise<BrokerAnswer>;
  /** The mesh of that slug, made unless it is there. */
  mesh(slug: string): Promise<{ readonly mesh_id: string; readonly slug: string }>;
  /** Throws already_exists when another member has the name. Adding the same member again changes nothing. */
  addMember(
    meshId: string,
    member: { readonly member_id: string; readonly name: string; readonly role: "owner" | "member" },
  ): Promise<{ readonly name: string }>;
  /** Entries of the mesh's membership chain above a place, as the broker keeps them. */
  membershipAbove(
    meshId: string,
    after: number,
  ): Promise<{ readonly entries: readonly unknown[]; readonly head: MembershipHead | null }>;
  /** Appends consecutive entries, also a chain's first. Throws membership_moved, and the refusals of applyEntry. */
  appendMembership(meshId: string, entries: readonly MembershipEntry[]): Promise<void>;
  meshes(timeoutMs?: number): Promise<readonly MeshView[]>;
  /** The key is in this answer and nowhere else. */
  createApiKey(meshId: string, request: ApiKeyRequest): Promise<ApiKeyMade>;
  apiKeys(meshId: string): Promise<readonly ApiKeyView[]>;
  revokeApiKey(meshId: string, keyId: string): Promise<ApiKeyView>;
  /** Resolves when the job is done. */
  upkeep(job: string, dryRun: boolean): Promise<Readonly<Record<string, number>>>;
  /** Rejects with what the store says. */
  ready(timeoutMs: number): Promise<void>;
  shutdown(): Promise<void>;
}

/** A job reads whole logs: as long as that takes. */
const upkeepTimeoutMs = 3_600_000;

function meshPath(meshId: string): string {
  return `/v1/meshes/${encodeURIComponent(meshId)}`;
}

export function adminClient(dataDir: string): AdminClient {
  const ask = async <T>(method: "GET" | "POST", target: string, body?: unknown, timeoutMs = 10_000): Promise<T> => {
    // As it recorded it at its last start: a long path moves to a short folder.
    const path = lastBrokerPlace(dataDir).admin_socket;
    const http = createHttpClient({ kind: "unix", path });
    try {
      return await call<T>(
        http,
        { method, path: target, repeatable: false, ...(body === undefined ? {} : { body }) },
        { timeoutMs },
      );
    } catch (thrown) {
      if (!(thrown instanceof ClaudemeshError) || thrown.code !== "not_running") throw thrown;
      throw new ClaudemeshError("not_running", `no broker answers at ${path}`, {
        hint: "claudemesh broker up",
        cause: thrown,
      });
    } finally {
      http.close();
    }
  };
  return {
    status: (timeoutMs) => ask("GET", "/v1/status", undefined, timeoutMs),
    mesh: (slug) => ask("POST", "/v1/meshes", { slug }),
    addMember: (meshId, member) => ask("POST", `${meshPath(meshId)}/members`, member),
    membershipAbove: (meshId, after) =>
      ask("GET", `${meshPath(meshId)}/membership${after < 0 ? "" : `?after=${after}`}`),
    appendMembership: async (meshId, entries) =>
      void (await ask("POST", `${meshPath(meshId)}/membership`, { entries })),
    meshes: async (timeoutMs) => (await ask<MeshList>("GET", "/v1/meshes", undefined, timeoutMs)).meshes,
    createApiKey: (meshId, request) => ask("POST", `${meshPath(meshId)}/api_keys`, request),
    apiKeys: async (meshId) =>
      (await ask<{ items: readonly ApiKeyView[] }>("GET", `${meshPath(meshId)}/api_keys`)).items,
    revokeApiKey: (meshId, keyId) =>
      ask("POST", `${meshPath(meshId)}/api_keys/${encodeURIComponent(keyId)}/revoke`, {}),
    upkeep: (job, dryRun) => ask("POST", `/v1/upkeep/${encodeURIComponent(job)}`, { dry_run: dryRun }, upkeepTimeoutMs),
    ready: async (timeoutMs) => void (await ask("GET", "/v1/ready", undefined, timeoutMs)),
    shutdown: async () => void (await ask("POST", "/v1/shutdown", {})),
  };
}
