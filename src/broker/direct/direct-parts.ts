import type { LinkParts } from "../link/link-parts.ts";
import type { ApiKeyCheck } from "./api-key-check.ts";

/** What the routes of direct callers work with. */
export interface DirectParts
  extends Pick<LinkParts, "store" | "membership" | "accepter" | "fingerprints" | "clock" | "limits"> {
  readonly apiKeys: ApiKeyCheck;
}
