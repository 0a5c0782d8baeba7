import type { ApiKeyScope } from "./api-key.ts";
import type { InboxItem } from "./local-api.ts";

/** Shapes of what a broker answers callers without a daemon (HTTP/JSON, snake_case as on the wire). */

export interface DirectSent {
  /** The caller's own form of the id; the one that the broker made where none was given. */
  readonly client_message_id: string;
  readonly broker_message_id: string;
  readonly history_id: number;
  /** True: the broker has had it since an earlier request. */
  readonly duplicate: boolean;
  readonly accepted_at: string;
  /** False: retention has removed it since. */
  readonly history_available: boolean;
}

export interface DirectMessageState {
  readonly client_message_id: string;
  readonly broker_message_id: string;
  readonly history_id: number;
  readonly accepted_at: string;
  readonly history_available: boolean;
  /** Topics: how many of the current subscribers hold it on disk. */
  readonly delivered_to: { readonly reached: number; readonly of: number } | null;
}

/** A message of the log as the broker has it: whether its sender's signature holds is for its reader to check. */
export type DirectMessage = Pick<
  InboxItem,
  | "broker_message_id"
  | "history_id"
  | "epoch"
  | "accepted_at"
  | "from"
  | "to"
  | "topic"
  | "content_type"
  | "message"
  | "body"
  | "meta"
  | "mentions"
  | "reply_to"
  | "priority"
  | "hops"
  | "encrypted"
  | "via"
  | "sent_at"
> & { readonly client_message_id: string };

/** An API key as its maker sees it again. The key itself is in the answer that made it, and nowhere else. */
export interface ApiKeyView {
  readonly key_id: string;
  readonly name: string;
  readonly member_id: string;
  /** The member's name. */
  readonly member: string;
  readonly scopes: readonly ApiKeyScope[];
  /** null: wherever its member may. */
  readonly destinations: readonly string[] | null;
  readonly state: "open" | "expired" | "revoked";
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  /** To the hour. */
  readonly last_used_at: string | null;
}

export interface ApiKeyMade extends ApiKeyView {
  readonly mesh_id: string;
  /** A secret: whoever has it speaks as the member, within its scopes. */
  readonly key: string;
}
