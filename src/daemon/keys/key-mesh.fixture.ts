import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createManualClock, type ManualClock } from "../../base/manual-clock.fixture.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { envelopeBody } from "../../protocol/envelope-check.ts";
import type { EpochRecord, EpochWrap } from "../../protocol/epoch.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { KeyItem } from "../../protocol/membership-frames.ts";
import { signKeyProof } from "../../protocol/membership/entry.ts";
import { activeMembers, mayUse } from "../../protocol/membership/state.ts";
import { createKeypair, type Keypair } from "../identity/keypair.ts";
import { type ChainBroker, chainBroker, type ChainPerson, foundChain } from "../membership/chain.fixture.ts";
import { createMembership } from "../membership/membership.ts";
import { writeChain } from "../membership/membership-file.ts";
import type { Directory, Keyring, LinkRequest, Membership, Opened } from "../parts.ts";
import { createKeyring, type KeyringOptions } from "./keyring.ts";

export const meshId = "0198f0a0-0000-7000-8000-00000000c4a1";
export const opsId = "0198f0a0-0000-7000-8000-0000000000a5";
export const ops = { kind: "topic", ref: "ops" } as const;
export const jobs = { kind: "queue", ref: "jobs" } as const;

/** Members with files and keyrings of their own, and a broker of keys in this process, which may be made to lie. */
export interface KeyMesh {
  readonly chain: ChainBroker;
  readonly keys: KeyBroker;
  readonly owner: KeyMember;
  /** Taken in by the owner; subscribed to #ops unless said otherwise. */
  member(name: string, subscribed?: boolean): Promise<KeyMember>;
}

export interface KeyMember {
  readonly name: string;
  readonly dir: string;
  readonly person: ChainPerson;
  readonly keypair: Keypair;
  readonly clock: ManualClock;
  readonly membership: Membership;
  keyring: Keyring;
  /** The link: what is asked over it fails while it is down. */
  online: boolean;
  /** As a new link or news of keys makes a daemon do. */
  follow(): Promise<void>;
  /** Resolves once something can be sealed there. */
  ready(to: { readonly kind: "dm" | "topic" | "queue"; readonly ref: string }): Promise<void>;
  /** An envelope with all that a keyring looks at. */
  seal(to: { readonly kind: "dm" | "topic" | "queue"; readonly ref: string }, text: string): Envelope;
  open(envelope: Envelope): Opened;
  reads(envelope: Envelope): string | null;
  /** As after a restart of its daemon. */
  restart(change?: Partial<KeyringOptions>): void;
}

export function keyMesh(t: TestContext): KeyMesh {
  const root = mkdtempSync(join(tmpdir(), "cm-keys-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  let made = 0;
  const newPerson = (name: string): { dir: string; keypair: Keypair; person: ChainPerson } => {
    made += 1;
    const dir = mkdtempSync(join(root, `${name}-${made}-`));
    const keypair = createKeypair(dir, 0);
    const keys = { ed25519_pubkey: keypair.memberId, x25519_pubkey: keypair.x25519PublicKey };
    const { proof } = signKeyProof(meshId, keypair.memberId, keys, keypair.signingKey);
    const member = { member_id: keypair.memberId, name, x25519_pubkey: keypair.x25519PublicKey, proof };
    const { memberId, keyId, signingKey } = keypair;
    return { dir, keypair, person: { name, memberId, keyId, signingKey, member } };
  };
  const founder = newPerson("ada");
  const chain = chainBroker([foundChain(founder.person, meshId)], meshId);
  const keys = keyBroker(chain);
  const owner = keyMember(founder, chain, keys);
  keys.subscribe(owner.person.memberId);
  return {
    chain,
    keys,
    owner,
    async member(name, subscribed = true) {
      const own = newPerson(name);
      chain.append(owner.person, { kind: "admit", member: own.person.member, role: "member" });
      const joined = keyMember(own, chain, keys);
      if (subscribed) keys.subscribe(own.person.memberId);
      return joined;
    },
  };
}

function keyMember(
  { dir, keypair, person }: { dir: string; keypair: Keypair; person: ChainPerson },
  chain: ChainBroker,
  keys: KeyBroker,
): KeyMember {
  const clock = createManualClock(Date.parse("2026-01-01T00:00:00.000Z"));
  writeChain(dir, chain.entries);
  const request: LinkRequest = async (frame) => {
    if (!member.online) throw new ClaudemeshError("broker_unreachable", "away");
    if (frame.type.startsWith("membership")) return chain.request(frame);
    return structuredClone(await keys.request(person.memberId, frame));
  };
  const membership = createMembership({
    dir,
    meshId,
    identity: keypair,
    clock,
    log: silentLog,
    request,
    tell: async () => undefined,
  });
  const directory = (): Directory => ({
    members: [],
    topics: [{ topic_id: opsId, name: "ops", subscribers: 1, subscribed: keys.subscribers.has(person.memberId) }],
    queues: [{ name: "jobs" }],
  });
  const open = (change: Partial<KeyringOptions> = {}): Keyring =>
    createKeyring({
      path: join(dir, "topic_keys.json"),
      identity: keypair,
      ownKeys: () => [{ publicKey: keypair.x25519PublicKey, key: keypair.x25519Key }],
      membership,
      directory,
      request,
      clock,
      log: silentLog,
      random: () => 0.5,
      ...change,
    });
  let sent = 0;
  const member: KeyMember = {
    name: person.name,
    dir,
    person,
    keypair,
    clock,
    membership,
    keyring: open(),
    online: true,
    async follow() {
      await membership.follow(request);
      await member.keyring.follow(request, { opened: true });
    },
    async ready(to) {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          const forget = member.keyring.onChange(() => {
            forget();
            resolve();
          });
        });
        if (member.keyring.readyFor(to).ready) return;
        await changed;
      }
    },
    seal(to, text) {
      sent += 1;
      const header = {
        version: 2,
        mesh_id: meshId,
        sender: person.memberId,
        client_message_id: `${person.memberId.slice(0, 16)}:m-${sent}`,
        destination_kind: to.kind,
        destination_ref: to.ref,
        reply_to: null,
        supersedes: null,
        priority: "next",
        meta: "",
        mentions: [],
        content_type: "text/plain; charset=utf-8",
      } as const;
      const sealed = member.keyring.seal(header, Buffer.from(text));
      return {
        ...header,
        ...sealed,
        key_id: person.keyId,
        request_fingerprint: "",
        membership_head: membership.state()?.head ?? null,
        signature: "",
        sent_at: "2026-01-01T00:00:00.000Z",
      };
    },
    open: (envelope) => member.keyring.open(envelope, envelopeBody(envelope)),
    reads(envelope) {
      const { content } = member.open(envelope);
      return content === null ? null : Buffer.from(content).toString("utf8");
    },
    restart(change) {
      member.keyring = open(change);
    },
  };
  return member;
}

/** What brokers keep of keys, for one topic #ops and one queue. */
export interface KeyBroker {
  items: { readonly to: string | null; readonly item: KeyItem; readonly by?: string }[];
  readonly subscribers: Set<string>;
  readonly asked: string[];
  /** Members that the broker shows every record, whatever the membership says. */
  readonly friends: Set<string>;
  logEpoch: number;
  /** Puts back what it had when this was called. */
  backup(): () => void;
  /** So many numbers are given to what concerns none of these members. */
  skip(numbers: number): void;
  /** What a member's wrap of an epoch came by: `member_id` of who handed it in. */
  wrappedBy(epochId: string, memberId: string): string | null;
  /** Runs before a frame is answered. */
  before: ((frame: { type: string } & Record<string, unknown>) => void) | null;
  subscribe(memberId: string): void;
  unsubscribe(memberId: string): void;
  request(memberId: string, frame: { type: string } & Record<string, unknown>): Promise<unknown>;
  records(): readonly EpochRecord[];
}

const siblingsMax = 16;
const pageMax = 4;

function keyBroker(chain: ChainBroker): KeyBroker {
  const opsKey = `topic:${opsId}`;
  let seq = 0;
  const refused = new Set<string>();
  const broker: KeyBroker = {
    items: [],
    subscribers: new Set(),
    asked: [],
    friends: new Set(),
    before: null,
    logEpoch: 1,
    backup() {
      const [items, then] = [broker.items, seq];
      broker.items = [...items];
      return () => {
        broker.items = [...items];
        seq = then;
      };
    },
    skip: (numbers) => {
      seq += numbers;
    },
    wrappedBy: (epochId, memberId) =>
      broker.items.find(({ to, item }) => to === memberId && item.kind === "wrap" && item.wrap.epoch_id === epochId)
        ?.by ?? null,
    subscribe: (memberId) => void broker.subscribers.add(memberId),
    unsubscribe(memberId) {
      broker.subscribers.delete(memberId);
      seq += 1;
      broker.items.push({
        to: null,
        item: { key_seq: seq, kind: "departed", destination: opsKey, member_id: memberId },
      });
    },
    records: () => broker.items.flatMap(({ item }) => (item.kind === "epoch" ? [item.record] : [])),
    async request(memberId, frame) {
      broker.asked.push(frame.type);
      broker.before?.(frame);
      switch (frame.type) {
        case "keys": {
          const above = broker.items.filter(({ to, item }) => {
            if (item.key_seq <= Number(frame["after"])) return false;
            return to === null ? entitled(memberId, destinationOf(item)) : to === memberId;
          });
          const items = above.slice(0, pageMax).map(({ item }) => item);
          const more = above.length > pageMax;
          return {
            items,
            through: seq,
            next_after: more ? (items.at(-1)?.key_seq ?? null) : null,
            log_epoch: broker.logEpoch,
          };
        }
        case "topic_members":
          return { members: [...broker.subscribers].map((id) => ({ member_id: id })) };
        case "epoch_create": {
          const record = frame["record"] as EpochRecord;
          const known = broker.records();
          if (known.some(({ epoch_id: id }) => id === record.epoch_id)) {
            addWraps(memberId, frame["wraps"] as readonly EpochWrap[]);
            return { created: false };
          }
          if (record.parent !== null && !known.some(({ epoch_id: id }) => id === record.parent))
            throw new ClaudemeshError("not_found", "the one before it is not here");
          const siblings = known.filter((other) => sameParent(other, record));
          if (siblings.length >= siblingsMax) throw new ClaudemeshError("too_many_epochs", "enough of them");
          seq += 1;
          broker.items.push({ to: null, item: { key_seq: seq, kind: "epoch", record } });
          addWraps(memberId, frame["wraps"] as readonly EpochWrap[]);
          return { created: true };
        }
        case "epoch_wraps":
          return { stored: addWraps(memberId, frame["wraps"] as readonly EpochWrap[]) };
        case "keys_wanted": {
          const wanted = broker.records().flatMap((record) => {
            if (!hasWrap(record.epoch_id, memberId)) return [];
            return activeMembers(state()).flatMap(({ memberId: other }) =>
              entitled(other, record.destination) &&
              !hasWrap(record.epoch_id, other) &&
              !refused.has(`${record.epoch_id} ${other} ${memberId}`)
                ? [{ epoch_id: record.epoch_id, destination: record.destination, member_id: other }]
                : [],
            );
          });
          return { wanted, more: false };
        }
        case "wrap_refused": {
          const by = broker.wrappedBy(String(frame["epoch_id"]), memberId);
          if (by === null) return { taken: false };
          refused.add(`${String(frame["epoch_id"])} ${memberId} ${by}`);
          broker.items = broker.items.filter(
            ({ to, item }) => !(to === memberId && item.kind === "wrap" && item.wrap.epoch_id === frame["epoch_id"]),
          );
          return { taken: true };
        }
        case "keys_held":
          return {
            lacking: (frame["epoch_ids"] as readonly string[]).filter(
              (id) => !broker.records().some(({ epoch_id: known }) => known === id) || !hasWrap(id, memberId),
            ),
          };
        default:
          throw new Error(`nobody asked this broker for ${frame.type} before`);
      }
    },
  };
  const state = () => chain.state() ?? failed();
  const destinationOf = (item: KeyItem): string =>
    item.kind === "epoch" ? item.record.destination : item.kind === "departed" ? item.destination : "";
  const entitled = (memberId: string, destination: string): boolean => {
    if (broker.friends.has(memberId)) return true;
    const member = state().members.get(memberId);
    if (member?.status !== "active") return false;
    return destination === opsKey
      ? broker.subscribers.has(memberId) && mayUse(member, "#ops")
      : mayUse(member, "queue:jobs");
  };
  const hasWrap = (epochId: string, memberId: string): boolean =>
    broker.items.some(({ to, item }) => to === memberId && item.kind === "wrap" && item.wrap.epoch_id === epochId);
  const addWraps = (by: string, wraps: readonly EpochWrap[]): number => {
    let stored = 0;
    for (const wrap of wraps) {
      if (hasWrap(wrap.epoch_id, wrap.member_id)) continue;
      if (refused.has(`${wrap.epoch_id} ${wrap.member_id} ${by}`)) continue;
      seq += 1;
      stored += 1;
      broker.items.push({ to: wrap.member_id, by, item: { key_seq: seq, kind: "wrap", wrap } });
    }
    return stored;
  };
  return broker;
}

function sameParent(a: EpochRecord, b: EpochRecord): boolean {
  return a.destination === b.destination && a.parent === b.parent;
}

function failed(): never {
  throw new Error("the mesh has no chain");
}
