import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  type LinkBench,
  type LinkBenchChange,
  linkBench,
  meshId,
} from "../../../src/daemon/link/link-bench.fixture.ts";
import { type FakeLink, headOf } from "../../../src/daemon/link/fake-broker.fixture.ts";
import { type ChainBroker, type ChainPerson, chainPerson } from "../../../src/daemon/membership/chain.fixture.ts";
import { ClaudemeshError } from "../../../src/protocol/error.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { samples } from "./local-pair.ts";
import type { Asked, Walk } from "./walk.ts";

/** Requests that make an entry of the membership chain. */
const makers = [
  "memberRename",
  "memberRole",
  "memberGrants",
  "memberRevoke",
  "dmPolicySet",
  "topicPolicy",
  "queuePolicy",
  "inviteCreate",
  "inviteRevoke",
  "meshLeave",
] as const;
const policies = ["concurrency", "setConcurrency"] as const;
/** Requests that make a key, which is nothing of the chain. */
const rotators = ["topicRotate", "queueRotate"] as const;
const ofMembers = ["memberRename", "memberRole", "memberGrants", "memberRevoke"] as const;

const dayMs = 86_400_000;
const through = { epoch: 1, seq: 0 };
const elsewhere = "ab".repeat(32);
const queue = {
  name: "jobs",
  created_by: elsewhere,
  created_at: "2026-01-01T00:00:00.000Z",
  deliveries_max: 5,
  unsealed: false,
  counts: { ready: 0, delayed: 0, leased: 0, dead: 0 },
};

interface Bench extends LinkBench {
  readonly socket: { readonly socketPath: string };
  readonly fake: FakeLink;
  readonly bob: ChainPerson;
  readonly invite: string;
  asked(id: string): Asked;
}

/** A daemon that founded its mesh, whose broker is this process and verifies; bob is a member, and an invite is open. */
async function bench(t: TestContext, change: LinkBenchChange = {}): Promise<Bench> {
  const made = await linkBench(t, change);
  const bob = chainPerson("bob", meshId);
  made.chain().append(made.self, { kind: "admit", member: bob.member, role: "member" });
  const invite = inviteOf(made, made.self);
  const fake = await made.broker.connection();
  fake.topics = [{ topic_id: "0198f0a0-0000-7000-8000-0000000000aa", name: "ops", subscribers: 1, subscribed: true }];
  await fake.open();
  await made.link("connected");
  void answer(fake, "queues", { queues: [queue] });
  void answer(fake, "reach", { authority: "mesh.example:1", transport: { kind: "trusted" }, loopback: false });
  return {
    ...made,
    fake,
    bob,
    invite,
    socket: { socketPath: made.daemon.socketPath },
    asked: (id) => (id === "inviteRevoke" ? { params: { id: invite } } : (samples[id] ?? {})),
  };
}

/** The link's end ends it. */
async function answer(fake: FakeLink, type: "queues" | "reach", result: unknown): Promise<void> {
  try {
    for (;;) fake.send({ type: "reply", id: (await fake.next(type)).id, result });
  } catch {
    // Closed: nobody asks any more.
  }
}

/** What the broker says of the chain, by the code that a request then ends with. */
function lies(made: Bench, honest: ChainBroker["request"]): Readonly<Record<string, ChainBroker["request"]>> {
  const { n } = made.chain().state() ?? { n: 0 };
  const log = made.chain().log;
  const refuse = (code: "not_allowed" | "store_unavailable" | "membership_moved", details = {}) => {
    throw new ClaudemeshError(code, `because of ${code}`, { details });
  };
  const appends =
    (then: () => unknown, head: object | null): ChainBroker["request"] =>
    async ({ type }) =>
      type === "membership_append" ? then() : { entries: [], head, log };
  return {
    membership_forked: async () => ({ entries: [], head: { n, hash: elsewhere }, log }),
    membership_rolled_back: appends(() => refuse("not_allowed"), null),
    membership_invalid: async () => ({ entries: [], head: { n: n + 1, hash: elsewhere }, log }),
    membership_newer: async () => ({ entries: [{ kind: "merge" }], head: { n: n + 1, hash: elsewhere }, log }),
    async membership_moved(frame) {
      if (frame.type === "membership") return honest(frame);
      return refuse("membership_moved");
    },
    protocol_error: async () => ({}),
    store_unavailable: async () => refuse("store_unavailable"),
    async feature_unavailable({ type }) {
      throw new ClaudemeshError("protocol_error", "what is that?", { details: { unknown_type: type } });
    },
    async timed_out() {
      setImmediate(() => made.clock.advance(limits.requestTimeoutMs + 1));
      return new Promise(() => undefined);
    },
  };
}

/** Everything about members, on a daemon in this process whose clock stands still. */
export async function walkMembership(t: TestContext, walk: Walk): Promise<void> {
  // No pause between attempts at an entry.
  const made = await bench(t, { random: () => 0 });
  const ask = (id: string, expected: number | string, asked = made.asked(id)) =>
    walk.ask(made.socket, id, expected, asked);
  await ask("members", 200, { query: "ended=true" });
  await ask("membership", 200, { query: "limit=1" });
  await ask("safetyNumber", 200);
  await ask("safetyNumber", "not_allowed", { params: { member: "ada" } });
  for (const id of [...ofMembers, "memberKick", "safetyNumber"]) {
    const { body } = made.asked(id);
    await ask(id, "unknown_destination", { params: { member: "nobody" }, body });
    await ask(id, "invalid_destination", { params: { member: "no%20name" }, body });
  }
  await ask("dmPolicySet", "unknown_destination", { body: { from: ["@nobody"] } });
  await ask("dmPolicySet", "invalid_destination", { body: { from: ["no name"] } });
  await ask("memberRename", "already_exists", { params: { member: "bob" }, body: { name: "ada" } });
  await ask("memberRole", "last_owner", { params: { member: "ada" }, body: { role: "member" } });
  await ask("meshLeave", "last_owner");
  await ask("memberRole", 200, { params: { member: "bob" }, body: { role: "owner" } });
  await walkRotations(made, ask);
  await walkKick(made, ask);
  await walkConcurrency(made, ask);
  await walkLies(made, ask);
  for (const id of makers) {
    if (id === "memberRevoke" || id === "meshLeave") continue;
    await ask(id, id === "inviteCreate" ? 201 : 200);
  }
  await ask("inviteList", 200);
  await walkTooManyInvites(made, ask);
  await ask("memberRevoke", 200);
  await ask("safetyNumber", "not_a_member");
  await walkWithoutPower(made, ask);
  await walkKeypair(t, walk);
  await walkEnded(t, walk);
  await walkAway(t, walk);
  await walkUnsealed(t, walk);
}

type Ask = (id: string, expected: number | string, asked?: Asked) => Promise<unknown>;

/** What the broker says of a key that is handed in. */
async function walkRotations(made: Bench, ask: Ask): Promise<void> {
  const { fake, clock } = made;
  const refusals: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ["store_unavailable", { code: "store_unavailable" }],
    ["not_subscribed", { code: "not_subscribed" }],
    ["not_allowed", { code: "not_allowed" }],
    ["unknown_destination", { code: "unknown_destination" }],
    ["membership_moved", { code: "membership_moved" }],
    ["too_many_epochs", { code: "too_many_epochs" }],
    ["rate_limited", { code: "rate_limited", details: { retry_after_ms: 1_000 } }],
    ["internal", { code: "a_code_of_a_later_version" }],
    ["feature_unavailable", { code: "protocol_error", details: { unknown_type: "epoch_create" } }],
  ];
  const error = { type: "error", message: "no", retryable: true, closes: false };
  for (const id of rotators) {
    const handsIn = async (): Promise<number> => {
      if (id === "topicRotate")
        fake.send({ type: "reply", id: (await fake.next("topic_members")).id, result: { members: [] } });
      return (await fake.next("epoch_create")).id;
    };
    for (const [code, refusal] of refusals) {
      const answered = ask(id, code);
      fake.send({ ...error, ...refusal, id: await handsIn() });
      // Of a topic that is told not to be there, news may have been lost: it is tried once more.
      if (id === "topicRotate" && code === "unknown_destination")
        fake.send({ ...error, ...refusal, id: await handsIn() });
      await answered;
    }
    const answered = ask(id, 201);
    fake.send({ type: "reply", id: await handsIn(), result: { created: true } });
    await answered;
    const late = ask(id, "timed_out");
    await handsIn();
    clock.advance(limits.requestTimeoutMs + 1);
    await late;
    const { keys } = fake;
    fake.keys = {};
    await ask(id, "protocol_error");
    fake.keys = keys;
  }
}

/** By an entry of the chain, which is begun on disk before the broker is asked for it. */
async function walkKeypair(t: TestContext, walk: Walk): Promise<void> {
  const made = await bench(t, { random: () => 0 });
  const ask: Ask = (id, expected) => walk.ask(made.socket, id, expected, {});
  await ask("keypair", 200);
  const chain = made.chain();
  const honest = chain.request;
  const { membership_moved: moved, ...beforeIt } = lies(made, honest);
  for (const [code, lie] of Object.entries(beforeIt)) {
    chain.request = lie;
    await ask("keypairRotate", code);
  }
  chain.request = async (frame) => {
    if (frame.type === "membership") return honest(frame);
    throw new ClaudemeshError("not_allowed", "refused for good");
  };
  await ask("keypairRotate", "not_allowed");
  chain.request = moved ?? honest;
  await ask("keypairRotate", "outcome_pending");
  chain.request = honest;
  await ask("keypairRotate", 200);
  await ask("keypairArchiveCleanup", 200);
  // A disk that does not let the last one go.
  const path = join(made.dir, "keypair-archive.json");
  rmSync(path);
  mkdirSync(path);
  made.clock.advance(8 * dayMs);
  await ask("keypairArchiveCleanup", "store_unavailable");
}

/** A kick is the broker's to take, whatever the chain says. */
async function walkKick({ fake, clock }: Bench, ask: Ask): Promise<void> {
  const kicked = async (result: unknown): Promise<void> =>
    fake.send({ type: "reply", id: (await fake.next("kick")).id, result });
  for (const [expected, result] of [
    [200, { until: "2026-01-01T00:10:00.000Z" }],
    [200, { until: null }],
    ["protocol_error", { until: "soon" }],
  ] as const) {
    const answered = ask("memberKick", expected);
    await kicked(result);
    await answered;
  }
  const error = { type: "error", message: "no", retryable: true, closes: false };
  for (const [code, refusal] of [
    ["not_allowed", {}],
    ["not_a_member", {}],
    ["store_unavailable", {}],
    ["feature_unavailable", { code: "protocol_error", details: { unknown_type: "kick" } }],
  ] as const) {
    const answered = ask("memberKick", code);
    fake.send({ ...error, code, ...refusal, id: (await fake.next("kick")).id });
    await answered;
  }
  const late = ask("memberKick", "timed_out");
  await fake.next("kick");
  clock.advance(limits.requestTimeoutMs + 1);
  await late;
}

/** The policy is the broker's to keep. */
async function walkConcurrency({ fake, clock }: Bench, ask: Ask): Promise<void> {
  const error = { type: "error", message: "no", retryable: true, closes: false };
  for (const id of policies) {
    for (const [expected, result] of [
      [200, { policy: "prefer_oldest" }],
      ["protocol_error", { policy: "prefer_me" }],
    ] as const) {
      const answered = ask(id, expected);
      fake.send({ type: "reply", id: (await fake.next("concurrency")).id, result });
      await answered;
    }
    for (const [code, refusal] of [
      ...(id === "setConcurrency" ? ([["not_allowed", {}]] as const) : []),
      ["store_unavailable", {}],
      ["feature_unavailable", { code: "protocol_error", details: { unknown_type: "concurrency" } }],
    ] as const) {
      const answered = ask(id, code);
      fake.send({ ...error, code, ...refusal, id: (await fake.next("concurrency")).id });
      await answered;
    }
    const late = ask(id, "timed_out");
    await fake.next("concurrency");
    clock.advance(limits.requestTimeoutMs + 1);
    await late;
  }
}

async function walkLies(made: Bench, ask: Ask): Promise<void> {
  const chain = made.chain();
  const honest = chain.request;
  for (const [code, lie] of Object.entries(lies(made, honest)))
    for (const id of makers) {
      chain.request = lie;
      // What the lie is about only an entry that is new makes the broker be asked for.
      await ask(id, code, id === "dmPolicySet" ? { body: { from: ["@bob"] } } : made.asked(id));
      chain.request = honest;
    }
}

async function walkTooManyInvites({ chain, self }: Bench, ask: Ask): Promise<void> {
  const expires_at = "2099-01-01T00:00:00.000Z";
  for (let open = 0; open < limits.invitesOpenMax; open += 1) {
    const invite_id = open.toString(16).padStart(64, "0");
    try {
      chain().append(self, { kind: "invite", invite_id, role: "guest", uses: 1, expires_at });
    } catch {
      break;
    }
  }
  await ask("inviteCreate", "too_many_invites");
}

/** Once another is owner in its place, and then once it has left. */
async function walkWithoutPower(made: Bench, ask: Ask): Promise<void> {
  const carol = chainPerson("carol", meshId);
  const chain = made.chain();
  chain.append(made.self, { kind: "admit", member: carol.member, role: "owner" });
  chain.append(carol, { kind: "role", member_id: made.self.memberId, role: "member" });
  const hers = inviteOf(made, carol);
  await followed(made);
  for (const id of makers) {
    if (id === "dmPolicySet" || id === "meshLeave") continue;
    const { body } = made.asked(id);
    const asked: Asked =
      id === "inviteRevoke"
        ? { params: { id: hers } }
        : id === "memberGrants"
          ? { params: { member: "carol" }, body: { destinations: ["#ops"] } }
          : id === "topicPolicy" || id === "queuePolicy"
            ? { ...made.asked(id), body: { unsealed: false } }
            : ofMembers.some((one) => one === id)
              ? { params: { member: "carol" }, body: id === "memberRename" ? { name: "caro" } : body }
              : made.asked(id);
    await ask(id, "not_allowed", asked);
  }
  await ask("inviteRevoke", "invite_unknown", { params: { id: elsewhere } });
  await ask("inviteRevoke", "invite_unknown", { params: { id: "x" } });
  await ask("meshLeave", 200);
}

/** A member that the chain has ended. */
async function walkEnded(t: TestContext, walk: Walk): Promise<void> {
  // These ask the broker for something first: what ended the member they find out after that.
  for (const id of ["queuePolicy", "inviteCreate"] as const) {
    const unaware = await bench(t);
    revokeSelf(unaware);
    await walk.ask(unaware.socket, id, "not_a_member", unaware.asked(id));
  }
  const made = await bench(t);
  // Of her own none is open any more once she is gone.
  const his = revokeSelf(made);
  tellHead(made);
  await made.daemon.ended;
  for (const id of makers) {
    if (id === "queuePolicy" || id === "inviteCreate") continue;
    const asked = id === "inviteRevoke" ? { params: { id: his } } : made.asked(id);
    await walk.ask(made.socket, id, "not_a_member", asked);
  }
  for (const id of [...rotators, "keypairRotate"]) await walk.ask(made.socket, id, "not_a_member", made.asked(id));
  await walk.ask(made.socket, "send", "not_a_member", { body: { to: "@bob", message: "late" } });
}

function tellHead({ chain, fake }: Bench): void {
  fake.send({ type: "event", event: "membership_changed", head: headOf(chain()) });
}

/** Resolves when the daemon holds what the broker has. */
async function followed(made: Bench): Promise<void> {
  tellHead(made);
  while ((await made.get("/v1/membership?limit=1"))["head"] !== made.chain().state()?.head);
}

/** An open invite of that member, by its id. */
function inviteOf({ chain }: Pick<LinkBench, "chain">, by: ChainPerson): string {
  const invite_id = chainPerson("invite", meshId).memberId;
  const expires_at = "2099-01-01T00:00:00.000Z";
  chain().append(by, { kind: "invite", invite_id, role: "guest", uses: 1, expires_at });
  return invite_id;
}

/** By bob, who is an owner first; answers an invite of his. */
function revokeSelf(made: Bench): string {
  const { chain, self, bob } = made;
  chain().append(self, { kind: "role", member_id: bob.memberId, role: "owner" });
  const invite = inviteOf(made, bob);
  chain().append(bob, { kind: "revoke", member_id: self.memberId, through });
  return invite;
}

async function walkAway(t: TestContext, walk: Walk): Promise<void> {
  const made = await bench(t);
  await made.broker.leave();
  await made.link("waiting");
  for (const id of makers) {
    const asked: Asked = id === "dmPolicySet" ? { body: { from: ["@bob"] } } : made.asked(id);
    await walk.ask(made.socket, id, "broker_unreachable", asked);
  }
  for (const id of [...rotators, ...policies, "memberKick", "keypairRotate"])
    await walk.ask(made.socket, id, "broker_unreachable", made.asked(id));
}

/** A home from before there were chains, which has never reached its broker either. */
async function walkUnsealed(t: TestContext, walk: Walk): Promise<void> {
  const made = await linkBench(t, { away: true, sealed: false });
  const socket = { socketPath: made.daemon.socketPath };
  await walk.ask(socket, "members", "directory_unavailable");
  for (const id of [...makers, ...rotators, "memberKick", "inviteList", "safetyNumber", "keypairRotate"])
    await walk.ask(socket, id, "mesh_unsealed", samples[id] ?? {});
}
