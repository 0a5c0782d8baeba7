import { lastBrokerPlace } from "../broker/broker-file.ts";
import { call } from "../client/call.ts";
import { createHttpClient } from "../client/http/http-client.ts";
import type { BrokerStatusView } from "../protocol/admin-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";

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
  shutdown(): Promise<void>;
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
    addMember: (meshId, member) => ask("POST", `/v1/meshes/${encodeURIComponent(meshId)}/members`, member),
    shutdown: async () => void (await ask("POST", "/v1/shutdown", {})),
  };
}
