import type { ConcurrencyPolicy } from "../../protocol/concurrency.ts";
import type { Kick } from "./store.ts";

/**
 * Which link of a member may do what. The store decides it under the mesh's lock, so that brokers over one store agree without telling each
 * other, and accept and acknowledge are held to it under the same lock.
 */
export interface LinkStore {
  /**
   * A hello of the member. By the mesh's policy it gets the receiving link, with a raised link_epoch, so that the one before may no longer
   * accept or acknowledge; or one that only sends, beside a live one, which it leaves as it is; or none.
   */
  raiseLinkEpoch(meshId: string, memberId: string, connection: LinkRequest): Promise<RaisedLink>;
  /**
   * The link was closed here; a newer one of the member is not touched. True where its member has lost its receiving link by that and has
   * others that only send.
   */
  linkClosed(meshId: string, memberId: string, linkEpoch: number): Promise<boolean>;
  /** The oldest live link that only sends, of a member whose receiving link is gone; null: it has one, or nobody to take its place. */
  successor(
    meshId: string,
    memberId: string,
    look: { readonly now: number; readonly held: readonly number[] },
  ): Promise<Successor | null>;
  /**
   * Changes the mesh's policy. Members with more than one link lose all of them, since they were opened under the other one: returns who,
   * and below which link_epoch. The policy that stands already changes nothing.
   */
  setConcurrency(meshId: string, policy: ConcurrencyPolicy): Promise<readonly ReleasedMember[]>;
}

export interface LinkRequest {
  readonly instance_id: string;
  readonly previous_instance_id?: string | null;
  readonly now: number;
  /** link_epochs of the member's links that are open at this broker: what the store believes of others here is over. */
  readonly held?: readonly number[];
}

export interface RaisedLink {
  readonly link_epoch: number;
  /** In which it was raised. */
  readonly life: string;
  /** Not null: it is sent away, and nothing was raised. */
  readonly kick: Kick | null;
  readonly place: LinkPlace;
  /** Of the member's receiving link of before, where it is live: whose it is. Of a place that receives: it was replaced. */
  readonly other: { readonly instance_id: string; readonly elsewhere: boolean } | null;
  readonly policy: ConcurrencyPolicy;
}

/** What a hello gets: the member's receiving link, one that only sends, or none. */
export type LinkPlace = "receives" | "sends" | "refused";

export interface Successor {
  readonly link_epoch: number;
  readonly instance_id: string;
  /** At another live broker. */
  readonly elsewhere: boolean;
}

export interface ReleasedMember {
  readonly member_id: string;
  /** Its receiving link has a lower one, and all others are over. */
  readonly link_epoch: number;
}

/** Numbers of links that only send, apart from those of receiving ones, which are counted from 1. */
export const sendingEpochFrom = 2 ** 40;

/** Links of one member that only send, at all brokers: whoever has its keys must not fill them with links. A further hello is refused. */
export const sendingLinksMax = 15;

type Hello = Pick<LinkRequest, "instance_id" | "previous_instance_id">;

/** Whether a link is the same daemon's: its half-open one, or that of its process before. */
export function isOwnInstance(instanceId: string, hello: Hello): boolean {
  return instanceId === hello.instance_id || instanceId === hello.previous_instance_id;
}

/** What a hello gets; `live` is the instance of the member's live receiving link. */
export function placeOf(policy: ConcurrencyPolicy, hello: Hello, live: string | null): LinkPlace {
  if (live === null || isOwnInstance(live, hello)) return "receives";
  switch (policy) {
    case "prefer_newest":
      return "receives";
    case "prefer_oldest":
      return "refused";
    case "allow_concurrent":
      return "sends";
  }
}
