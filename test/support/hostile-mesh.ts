import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Log } from "../../src/base/log.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { readKeypair } from "../../src/daemon/identity/keypair.ts";
import { readMeshFile, writeMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import type { Envelope } from "../../src/protocol/envelope.ts";
import { envelopeFingerprint } from "../../src/protocol/fingerprint.ts";
import type { BrokerFrame, PushItem } from "../../src/protocol/frames.ts";
import type { InboxItem, LocalEvent, ReceiptStage } from "../../src/protocol/local-api.ts";
import { nextEntry, verifyChain } from "../../src/protocol/membership/chain.ts";
import type { EntryContent, MembershipEntry } from "../../src/protocol/membership/entry.ts";
import { readEntry } from "../../src/protocol/membership/read-entry.ts";
import type { MembershipState } from "../../src/protocol/membership/state.ts";
import { rfc3339 } from "../../src/protocol/time.ts";
import { broker, type TestBroker, type TestBrokerOptions } from "./broker.ts";
import { daemon, type TestDaemon } from "./daemon.ts";
import { type HostileBroker, hostileBroker, type HostileLink, type Plot } from "./hostile-broker.ts";
import { linked } from "./mesh.ts";
import { tempFolder } from "./temp-folder.ts";

/** Daemons of one mesh, every one of which knows its broker only through one that can do whatever it likes. */
export interface HostileMesh<Name extends string> {
  readonly broker: TestBroker;
  readonly hostile: HostileBroker;
  readonly members: Readonly<Record<Name, HostileMember>>;
}

export interface HostileMember extends TestDaemon {
  readonly name: string;
  readonly memberId: string;
  /** What its daemon has logged. */
  readonly logged: readonly LoggedLine[];
}

export interface LoggedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Resolves when every daemon has its link. The first name founds the mesh. */
export async function hostileMesh<const Name extends string>(
  t: TestContext,
  names: readonly Name[],
  options: TestBrokerOptions = {},
): Promise<HostileMesh<Name>> {
  const folder = tempFolder(t);
  let port = 0;
  const hostile = await hostileBroker(t, () => ({ port }));
  const running = await broker(t, { ...options, dataDir: join(folder, "broker"), authorities: [hostile.authority] });
  port = Number(new URL(running.broker.url).port);
  const members = {} as Record<Name, HostileMember>;
  for (const name of names) {
    const dir = join(folder, name);
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir: running.dataDir, name, role: "member" });
    writeMeshFile(dir, { ...readMeshFile(dir), broker_url: hostile.url });
    const logged: LoggedLine[] = [];
    const started = await daemon(t, { dir, log: keepingLog(logged) });
    await linked(started);
    const { member } = await started.client.health();
    members[name] = { ...started, name, memberId: member.member_id, logged };
  }
  return { broker: running, hostile, members };
}

function keepingLog(lines: LoggedLine[]): Log {
  const at = (level: LoggedLine["level"]) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, fields, message });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Of every message that it shows, oldest first. */
export async function shown({ client }: Pick<TestDaemon, "client">): Promise<readonly InboxItem[]> {
  const items: InboxItem[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await client.inbox.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

export async function shownTexts(member: Pick<TestDaemon, "client">): Promise<readonly (string | null)[]> {
  return (await shown(member)).map(({ message }) => message);
}

/** Every event up to the first that satisfies `test`, told already or not. */
export async function eventsUntil(
  { client }: Pick<TestDaemon, "client">,
  test: (event: LocalEvent) => boolean,
): Promise<readonly LocalEvent[]> {
  const events: LocalEvent[] = [];
  const found = new AbortController();
  for await (const event of client.events({ after: 0, signal: found.signal })) {
    events.push(event);
    if (!test(event)) continue;
    found.abort();
    return events;
  }
  throw new Error("the events ended");
}

/** Sends and waits until the receiver shows it, both by honest means: the mesh works. */
export async function sendsTo(sender: HostileMember, receiver: HostileMember, text: string): Promise<InboxItem> {
  await sender.client.send({ to: `@${receiver.name}`, message: text });
  const events = await eventsUntil(receiver, ({ event, data }) => event === "message" && data["message"] === text);
  const item = events.at(-1)?.data as unknown as InboxItem;
  assert.deepEqual([item.from.member_id, item.from.name], [sender.memberId, sender.name]);
  return item;
}

/** How many items of pushes the daemon has refused. */
export async function refusedCount({ client }: Pick<TestDaemon, "client">): Promise<number> {
  const found = /^cm_daemon_invalid_inbound_total(?:\{[^}]*\})? (\d+)$/m.exec(await client.metrics());
  return Number(found?.[1] ?? Number.NaN);
}

/** A plot against the pushes to one member; everything else passes. */
export function onPushesTo(memberId: string, change: (item: PushItem, link: HostileLink) => readonly object[]): Plot {
  return {
    toDaemon: (frame: BrokerFrame, link) => {
      if (frame.type !== "push" || link.memberId !== memberId) return [frame];
      const items = frame.items.flatMap((item) => change(item, link));
      return items.length === 0 ? [] : [{ ...frame, items }];
    },
  };
}

/** An envelope that was changed, with a fingerprint that fits: all that somebody without the sender's key can do. */
export function disguised(envelope: Envelope, change: Readonly<Record<string, unknown>>): Envelope {
  const changed = { ...envelope, ...change } as Envelope;
  try {
    const fingerprint = envelopeFingerprint(changed, Buffer.from(changed.body, "base64url")).toString("hex");
    return { ...changed, request_fingerprint: fingerprint, ...change };
  } catch {
    return changed;
  }
}

/** Stages that the sender is told of its message. */
export async function stagesOf({ client }: Pick<TestDaemon, "client">, id: string): Promise<readonly ReceiptStage[]> {
  return (await client.message(id)).stages.map(({ stage }) => stage);
}

/** A plot against the answers to one member's requests of a type; everything else passes. */
export function onRepliesTo(
  memberId: string,
  type: string,
  change: (result: Record<string, unknown>, request: Readonly<Record<string, unknown>>) => object,
): Plot {
  const asked = new Map<number, Readonly<Record<string, unknown>>>();
  return {
    toBroker: (frame, link) => {
      const { id } = frame as { readonly id?: number };
      if (frame.type === type && link.memberId === memberId && id !== undefined)
        asked.set(id, frame as unknown as Readonly<Record<string, unknown>>);
      return [frame];
    },
    toDaemon: (frame, link) => {
      const request = frame.type === "reply" && link.memberId === memberId ? asked.get(frame.id) : undefined;
      if (frame.type !== "reply" || request === undefined) return [frame];
      asked.delete(frame.id);
      return [{ ...frame, result: change(frame.result as Record<string, unknown>, request) }];
    },
  };
}

/** Several plots at once: each gets what the one before has left. */
export function allOf(...plots: readonly Plot[]): Plot {
  const through =
    <Frame>(of: (plot: Plot) => ((frame: Frame, link: HostileLink) => readonly object[]) | undefined) =>
    (frame: Frame, link: HostileLink): readonly object[] =>
      plots.reduce<readonly object[]>(
        (frames, plot) => frames.flatMap((passed) => of(plot)?.(passed as Frame, link) ?? [passed]),
        [frame as object],
      );
  return { toDaemon: through((plot) => plot.toDaemon), toBroker: through((plot) => plot.toBroker) };
}

/** The membership that a member's home holds. */
export function chainOf({ dir }: Pick<TestDaemon, "dir">): {
  readonly entries: readonly MembershipEntry[];
  readonly state: MembershipState;
} {
  const lines = readFileSync(join(dir, "membership.jsonl"), "utf8").trimEnd().split("\n");
  const entries = lines.map((line) => readEntry(JSON.parse(line)));
  return { entries, state: verifyChain(entries, readMeshFile(dir).mesh_id) };
}

/** An entry that a member signs with its own keys, whether it may say this or not. */
export function entryBy(
  { dir, memberId }: Pick<HostileMember, "dir" | "memberId">,
  after: Pick<MembershipState, "meshId" | "n" | "head">,
  content: EntryContent,
): MembershipEntry {
  const { keyId, signingKey } = readKeypair(dir);
  return nextEntry(after, content, { by: memberId, keyId, key: signingKey }, rfc3339(Date.now()));
}

/** What keeps the daemon's membership and the broker's apart becomes `code`; null: nothing any more. */
export async function troubleBecomes({ client }: Pick<TestDaemon, "client">, code: string | null): Promise<void> {
  while (((await client.health()).membership.trouble?.code ?? null) !== code);
}
