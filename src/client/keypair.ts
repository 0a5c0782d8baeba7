import type { ArchiveCleaned, KeypairRotated, KeypairView } from "../protocol/keypair-api.ts";
import { call } from "./call.ts";
import type { CallOptions } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";

/** The member's own keys; nothing that is told of them is secret. */
export interface KeypairClient {
  show(options?: CallOptions): Promise<KeypairView>;
  /** Resolves when the new keys are in force. */
  rotate(options?: CallOptions): Promise<KeypairRotated>;
  /** Forgets former keys whose grace is over. */
  cleanUpArchive(options?: CallOptions): Promise<ArchiveCleaned>;
}

export function keypairClient(http: HttpClient): KeypairClient {
  return {
    show: (options) => call(http, { method: "GET", path: "/v1/keypair", repeatable: true }, options),
    // Said again it would change the keys again.
    rotate: (options) =>
      call(http, { method: "POST", path: "/v1/keypair/rotate", body: {}, repeatable: false }, options),
    cleanUpArchive: (options) =>
      call(http, { method: "POST", path: "/v1/keypair/archive/cleanup", body: {}, repeatable: true }, options),
  };
}
