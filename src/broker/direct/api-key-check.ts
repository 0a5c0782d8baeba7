import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type ApiKeyScope, readApiKey } from "../../protocol/api-key.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { BrokerMetrics } from "../metrics.ts";
import type { ApiKeyRow, FoundApiKey } from "../store/api-key-store.ts";
import type { BrokerStore, MemberRow } from "../store/store.ts";
import { createAddressBudget } from "./address-budget.ts";

const noSuchKey = "this mesh has no such API key";

/** Who asks, proven by an API key. */
export interface Caller {
  readonly key: ApiKeyRow;
  readonly member: MemberRow;
}

export interface ApiKeyCheck {
  /**
   * The caller of a request of mesh `meshId`. Throws unauthorized; not_a_member when the key's member was revoked;
   * not_allowed when the key's scopes are too narrow; rate_limited for an address that showed too many wrong keys.
   */
  check(
    asked: { readonly authorization: string | undefined; readonly address: string },
    meshId: string,
    scope: ApiKeyScope,
  ): Promise<Caller>;
}

export function hashOfSecret(secret: Uint8Array): Buffer {
  // No stretching: the secret is 32 random bytes, which nobody guesses however fast the hash is.
  return createHash("sha256").update(secret).digest();
}

export function createApiKeyCheck(parts: {
  readonly store: Pick<BrokerStore, "apiKeyByHash" | "member" | "touchApiKey">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<BrokerMetrics, "apiKeysRefused">;
  readonly limits: Pick<
    BrokerLimits,
    "keyFailureRate" | "keyFailureBurst" | "keyFailureAddressesMax" | "provenKeysMax" | "keyUseNotedMs"
  >;
}): ApiKeyCheck {
  const { store, clock, limits, metrics } = parts;
  const failures = createAddressBudget({
    perSecond: limits.keyFailureRate,
    burst: limits.keyFailureBurst,
    addressesMax: limits.keyFailureAddressesMax,
  });
  // Hashes of keys that were right lately. They are looked up like any other: behind one address with somebody who
  // guesses, such as a proxy's, whoever works goes on working.
  const proven = new Set<string>();

  /** Of a key that was looked up: one guess of its address. */
  function failed(address: string, reason: string, message: string): ClaudemeshError {
    failures.failed(address, clock.now());
    return refuse(reason, message);
  }

  function refuse(reason: string, message: string): ClaudemeshError {
    metrics.apiKeysRefused.inc({ reason });
    return new ClaudemeshError("unauthorized", message, {
      hint: "send `Authorization: Bearer KEY` with a key of this mesh; the broker's operator makes one: claudemesh apikey create NAME",
    });
  }

  function note(hash: string): void {
    proven.delete(hash);
    proven.add(hash);
    if (proven.size <= limits.provenKeysMax) return;
    for (const oldest of proven) {
      proven.delete(oldest);
      return;
    }
  }

  /** Not waited for by anybody's answer: that it is lost is harmless. */
  async function noteUse(key: FoundApiKey, now: number): Promise<void> {
    if (key.last_used_at !== null && now - key.last_used_at < limits.keyUseNotedMs) return;
    try {
      await store.touchApiKey(key.mesh_id, key.key_id, now);
    } catch (thrown) {
      const { code, message } = ClaudemeshError.from(thrown);
      parts.log.debug({ mesh_id: key.mesh_id, key_id: key.key_id, code, error: message }, "a key's use was not noted");
    }
  }

  /** The key that is meant, if it still opens anything. */
  async function find(
    { authorization, address }: { authorization: string | undefined; address: string },
    meshId: string,
  ): Promise<FoundApiKey> {
    if (authorization === undefined) throw refuse("missing", "this needs an API key");
    const text = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const written = text === undefined ? null : readApiKey(text);
    if (written === null) throw refuse("malformed", "this is not an API key of claudemesh");
    // In the mesh that the path names, whatever the key says: a key of another mesh is none here.
    if (written.meshId !== meshId) throw refuse("unknown", noSuchKey);
    const hash = hashOfSecret(written.secret);
    const name = hash.toString("base64");
    const waitMs = proven.has(name) ? 0 : failures.waitMs(address, clock.now());
    if (waitMs > 0) {
      metrics.apiKeysRefused.inc({ reason: "throttled" });
      throw new ClaudemeshError("rate_limited", "too many wrong API keys came from this address", {
        hint: "wait, and send the right key",
        details: { retry_after_ms: waitMs },
      });
    }
    const found = await store.apiKeyByHash(meshId, hash);
    if (found === null || !timingSafeEqual(found.key_hash, hash)) {
      proven.delete(name);
      throw failed(address, "unknown", noSuchKey);
    }
    // Whoever knows the secret may know what became of it, but is no longer who passes.
    const over = found.revoked_at !== null ? "revoked" : found.expires_at <= clock.now() ? "expired" : null;
    if (over !== null) {
      proven.delete(name);
      throw failed(address, over, over === "revoked" ? "this API key was revoked" : "this API key has expired");
    }
    note(name);
    return found;
  }

  return {
    async check(asked, meshId, scope) {
      const key = await find(asked, meshId);
      const now = clock.now();
      const member = await store.member(meshId, key.member_id);
      if (member?.status !== "active") {
        metrics.apiKeysRefused.inc({ reason: "member" });
        throw new ClaudemeshError("not_a_member", "the member that this API key belongs to was revoked");
      }
      if (!key.scopes.includes(scope)) {
        metrics.apiKeysRefused.inc({ reason: "scope" });
        throw new ClaudemeshError("not_allowed", `this API key may not ${scope}`, {
          hint: `its scopes are ${key.scopes.join(", ")}; the broker's operator makes another: claudemesh apikey create NAME --scope ${scope}`,
        });
      }
      await noteUse(key, now);
      return { key, member };
    },
  };
}
