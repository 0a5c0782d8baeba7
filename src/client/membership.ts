import type {
  ConcurrencyView,
  DmPolicyView,
  KickView,
  MembershipView,
  MemberView,
  SafetyNumberView,
} from "../protocol/membership-api.ts";
import { call, segment } from "./call.ts";
import type { CallOptions } from "./deadline.ts";
import type { HttpClient } from "./http/http-client.ts";

/** Who belongs to the mesh, and what each may do. Members are written as `@name`, `name` or member_id. */
export interface MembershipClient {
  /** The chain that this home holds, page by page. */
  show(page?: { after?: number; limit?: number }, options?: CallOptions): Promise<MembershipView>;
  rename(member: string, name: string, options?: CallOptions): Promise<MemberView>;
  setRole(member: string, role: MemberView["role"], options?: CallOptions): Promise<MemberView>;
  /** Topics and queues that a member may use, `#name` and `queue:name`; null: all. */
  grant(member: string, destinations: readonly string[] | null, options?: CallOptions): Promise<MemberView>;
  /** Sends a member away for so long, 600 s where nothing is said; 0: it may come back. */
  kick(member: string, forSeconds?: number, options?: CallOptions): Promise<KickView>;
  /** What the mesh does when two daemons use one member's keys. Needs the link. */
  concurrency(options?: CallOptions): Promise<ConcurrencyView>;
  /** Owners and admins; links of members that have more than one are closed and dialled again. */
  setConcurrency(policy: ConcurrencyView["policy"], options?: CallOptions): Promise<ConcurrencyView>;
  /** For good. */
  revoke(member: string, options?: CallOptions): Promise<MemberView>;
  /** For good; the daemon ends afterwards. */
  leave(options?: CallOptions): Promise<MemberView>;
  /** Whose direct messages this member takes; null: everybody's. */
  takeDmsFrom(members: readonly string[] | null, options?: CallOptions): Promise<DmPolicyView>;
  /** Sixty digits for two members to compare over another way than this mesh. */
  safetyNumber(member: string, options?: CallOptions): Promise<SafetyNumberView>;
}

export function membershipClient(http: HttpClient): MembershipClient {
  // The daemon makes no second change of what is so already, so that all of it can be said again.
  const post = <T>(path: string, body: unknown, options?: CallOptions): Promise<T> =>
    call<T>(http, { method: "POST", path, body, repeatable: true }, options);
  const memberPath = (member: string, part: string): string => `/v1/members/${segment(member)}/${part}`;
  return {
    show: (page, options) =>
      call(http, { method: "GET", path: "/v1/membership", query: { ...page }, repeatable: true }, options),
    rename: (member, name, options) => post(memberPath(member, "rename"), { name }, options),
    setRole: (member, role, options) => post(memberPath(member, "role"), { role }, options),
    grant: (member, destinations, options) => post(memberPath(member, "grants"), { destinations }, options),
    kick: (member, forSeconds, options) =>
      post(memberPath(member, "kick"), forSeconds === undefined ? {} : { for_s: forSeconds }, options),
    concurrency: (options) => call(http, { method: "GET", path: "/v1/concurrency", repeatable: true }, options),
    setConcurrency: (policy, options) =>
      call(http, { method: "POST", path: "/v1/concurrency", body: { policy }, repeatable: true }, options),
    revoke: (member, options) => post(memberPath(member, "revoke"), {}, options),
    leave: (options) => post("/v1/leave", {}, options),
    takeDmsFrom: (from, options) => post("/v1/dm-policy", { from }, options),
    safetyNumber: (member, options) =>
      call(http, { method: "GET", path: memberPath(member, "safety-number"), repeatable: true }, options),
  };
}
