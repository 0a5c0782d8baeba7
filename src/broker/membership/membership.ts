import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits as wireLimits } from "../../protocol/limits.ts";
import type { MembershipHead, MembershipRequestResults } from "../../protocol/membership-frames.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { currentKeys, type MembershipState } from "../../protocol/membership/state.ts";
import type { BrokerLimits } from "../broker-limits.ts";
import type { Bus, BusMessage } from "../fleet/bus.ts";
import { restartLink } from "../fleet/ended.ts";
import type { News } from "../fleet/news.ts";
import { memberInfo, topicInfo } from "../link/member-info.ts";
import type { KeyNews } from "../keys/key-news.ts";
import type { LiveLink } from "../link/live-link.ts";
import type { LinkRegistry } from "../link/registry.ts";
import type { BrokerStore } from "../store/store.ts";
import { type Chains, createChains } from "./chains.ts";
import { requireFounder } from "./founder.ts";

type MembershipChanged = Extract<BusMessage, { kind: "membership_changed" }>;

/** Who belongs to each mesh, by the chains that its members sign; what follows from an entry once it is committed. */
export interface Membership extends Pick<Chains, "known" | "fresh" | "kept" | "append"> {
  /** Entries above a place, with the head, and where the log stands. */
  page(meshId: string, after: number): Promise<MembershipRequestResults["membership"]>;
  /** A head that a look at the store has found: links that have not heard of it do. */
  noticed(meshId: string, head: MembershipHead | null): void;
  /** A link stands from now on: what another broker appended while it opened may have been heard before there was one. */
  opened(link: LiveLink): void;
  /** Another broker's word. */
  heard(message: MembershipChanged): void;
  /** The store may have another past now. */
  forget(): void;
}

export interface MembershipParts {
  readonly store: BrokerStore;
  readonly registry: LinkRegistry;
  readonly news: News;
  readonly keyNews: Pick<KeyNews, "changed" | "mayLack">;
  readonly bus: Pick<Bus, "publish">;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: BrokerLimits;
}

export function createMembership(parts: MembershipParts): Membership {
  const { store, registry, bus, limits } = parts;
  const chains = createChains({ store, clock: parts.clock, limits, appended });
  /** By mesh the newest head that its links have heard of. */
  const told = new Map<string, MembershipHead>();
  /** Meshes whose links are to be looked at once the store answers. */
  const unlooked = new Set<string>();

  function appended(entry: MembershipEntry, state: MembershipState): void {
    const { meshId, head, n } = state;
    parts.log.info(
      { audit: `membership_${entry.kind}`, mesh_id: meshId, n, by: entry.by, ...subjectOf(entry) },
      "a mesh's membership changed",
    );
    const ended = entry.kind === "revoke" ? entry.member_id : entry.kind === "leave" ? entry.by : null;
    const limited = entry.kind === "grants" ? entry.member_id : null;
    const rekeyed = entry.kind === "rotate" ? entry.by : null;
    const message = { kind: "membership_changed", mesh_id: meshId, n, hash: head, ended, limited, rekeyed } as const;
    bus.publish(message);
    changed(message);
    // The link on which it was handed in has its answer first.
    if (rekeyed !== null) setImmediate(() => restartRekeyed(state, registry.ofMesh(meshId)));
    parts.keyNews.changed(meshId);
    // A key that was changed, or a queue that it may use now: it has no key of topics and queues for that yet.
    if (entry.kind === "rotate") parts.keyNews.mayLack(meshId, entry.by);
    if (entry.kind === "grants") parts.keyNews.mayLack(meshId, entry.member_id);
    void tellDirectory(entry, state).catch((thrown: unknown) => {
      parts.log.debug({ mesh_id: meshId, error: ClaudemeshError.from(thrown).message }, "a member's news was not told");
    });
  }

  /** What the links of this broker have of a change, wherever it was made. */
  function changed({ mesh_id: meshId, n, hash, ended, limited }: MembershipChanged): void {
    tell(meshId, { n, hash });
    for (const gone of ended === null ? [] : registry.ofMember(meshId, ended)) {
      registry.remove(gone);
      // The link on which it left has its answer first.
      setImmediate(() => gone.close("member_revoked", "the member was revoked or has left"));
    }
    const narrower = limited === null ? null : registry.get(meshId, limited);
    narrower?.openDestinations().catch(() => narrower.terminate());
  }

  /** Whoever has a member's former keys is it no more, so no link that they opened goes on. */
  function restartRekeyed({ members }: MembershipState, links: readonly LiveLink[]): void {
    for (const link of links) {
      const member = members.get(link.memberId);
      if (member !== undefined && currentKeys(member).keyId !== link.keyId) restartLink(link);
    }
  }

  /** The same where only the store may have the chain's newest entries. */
  function lookForRekeyed(meshId: string, links = (): readonly LiveLink[] => registry.ofMesh(meshId)): void {
    chains.known(meshId).then(
      (state) => {
        if (state !== null) restartRekeyed(state, links());
      },
      () => unlooked.add(meshId),
    );
  }

  function tell(meshId: string, head: MembershipHead): void {
    told.delete(meshId);
    told.set(meshId, head);
    if (told.size > limits.linksMax)
      for (const oldest of told.keys()) {
        told.delete(oldest);
        break;
      }
    registry.broadcast(meshId, { type: "event", event: "membership_changed", head });
  }

  /** What else members are shown of it. Loss is harmless: everything of it can be asked for. */
  async function tellDirectory(entry: MembershipEntry, { meshId, members }: MembershipState): Promise<void> {
    const { news } = parts;
    if (entry.kind === "policy") {
      const name = entry.destination.replace(/^(#|queue:)/, "");
      if (!entry.destination.startsWith("#"))
        return news.tell(meshId, { type: "event", event: "queue_changed", queue: name });
      const topic = await store.topicByName(meshId, name);
      if (topic === null) return;
      const info = { ...(await topicInfo(store, topic, "")), subscribed: false };
      return news.tell(meshId, { type: "event", event: "topic_changed", topic: info });
    }
    const joined = entry.kind === "create" || entry.kind === "admit" || entry.kind === "join";
    const memberId = joined ? entry.member.member_id : entry.kind === "revoke" ? entry.member_id : entry.by;
    if (!joined && entry.kind !== "revoke" && entry.kind !== "leave") return;
    const row = members.has(memberId) ? await store.member(meshId, memberId) : null;
    if (row === null) return;
    const member = memberInfo(row, parts.clock.now(), limits.presenceLeaseMs);
    news.tell(meshId, { type: "event", event: joined ? "member_joined" : "member_left", member });
  }

  return {
    known: chains.known,
    fresh: chains.fresh,
    kept: chains.kept,
    append: (meshId, entries, rules) =>
      chains.append(meshId, entries, {
        ...rules,
        async check(entry, state) {
          if (state === null && entry.kind === "create") await requireFounder(store, meshId, entry);
          await rules.check?.(entry, state);
        },
      }),
    async page(meshId, after) {
      const texts = await store.membershipAbove(
        meshId,
        after,
        wireLimits.membershipPageMax,
        limits.membershipPageBytesMax,
      );
      const { epoch, head } = await store.log(meshId);
      return {
        entries: texts.map((text) => JSON.parse(text) as MembershipEntry),
        head: await store.membershipHead(meshId),
        log: { epoch, head },
      };
    },
    opened: (link) => lookForRekeyed(link.meshId, () => [link]),
    noticed(meshId, head) {
      if (unlooked.delete(meshId)) lookForRekeyed(meshId);
      if (head === null) return;
      const before = told.get(meshId);
      if (before === undefined) return void told.set(meshId, head);
      // A look that began before an append ends after it: only what is further on is news.
      if (head.n <= before.n) return;
      chains.follow(meshId);
      tell(meshId, head);
      // Whom it limits was said on the bus and lost.
      for (const link of registry.ofMesh(meshId)) link.openDestinations().catch(() => link.terminate());
      lookForRekeyed(meshId);
    },
    heard(message) {
      chains.follow(message.mesh_id);
      changed(message);
      if ((message.rekeyed ?? null) !== null) lookForRekeyed(message.mesh_id);
    },
    forget() {
      told.clear();
      unlooked.clear();
      chains.forget();
    },
  };
}

/** Whom an entry is about, for who reads the audit log. */
function subjectOf(entry: MembershipEntry): Readonly<Record<string, unknown>> {
  switch (entry.kind) {
    case "create":
    case "join":
      return { member_id: entry.member.member_id, name: entry.member.name };
    case "admit":
      return { member_id: entry.member.member_id, name: entry.member.name, role: entry.role };
    case "invite":
      return { invite_id: entry.invite_id, role: entry.role, uses: entry.uses };
    case "invite_revoke":
      return { invite_id: entry.invite_id };
    case "rename":
      return { member_id: entry.member_id, name: entry.name };
    case "role":
      return { member_id: entry.member_id, role: entry.role };
    case "grants":
    case "revoke":
      return { member_id: entry.member_id };
    case "policy":
      return { destination: entry.destination, unsealed: entry.unsealed };
    case "rotate":
      return { key_id: entry.keys.ed25519_pubkey };
    case "dm_from":
    case "leave":
      return {};
  }
}
