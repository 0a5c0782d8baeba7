/**
 * `npm start`: the main job on real input. A broker and two daemons, each a process of its own, pass files of this
 * checkout (and standard input) from alice to bob while the broker and bob's daemon are killed with SIGKILL. Every
 * receipt is printed when it becomes true; the table at the end compares contents. Exit code 0 only if nothing was lost,
 * shown twice or changed, and the broker's files hold nothing of it that could be read. Nothing keeps running, and nothing stays outside the temporary folder, which is removed.
 */
import { fileURLToPath } from "node:url";
import { table } from "../cli/table.ts";
import type { InboxItem } from "../protocol/local-api.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { checkoutFiles, type Content, pipedInput } from "./demo-content.ts";
import { type DemoHosts, startHosts } from "./demo-hosts.ts";
import { countInClear } from "./demo-search.ts";
import { createLedger, type Entry, type Ledger, tally, type Tally, wholeInbox } from "./demo-ledger.ts";

const fileCount = 36;
const interrupted = 130;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const controller = new AbortController();
// A bug must not leave processes behind either: the step under way is ended, then everything is stopped.
process.on("unhandledRejection", (reason) => controller.abort(reason));
process.on("uncaughtException", (error) => controller.abort(error));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (!controller.signal.aborted) print("interrupted: stopping everything that was started");
    controller.abort(new DOMException("interrupted", "AbortError"));
  });
}
process.exit(await demo());

async function demo(): Promise<number> {
  const started = performance.now();
  const input = await pipedInput();
  const files = checkoutFiles(fileURLToPath(new URL("../../", import.meta.url)), fileCount);
  const contents = input === null ? files : [input, ...files];
  let hosts: DemoHosts | null = null;
  try {
    hosts = await startHosts();
    introduce(hosts);
    const whole = await run(hosts, contents);
    print(`   took ${((performance.now() - started) / 1_000).toFixed(1)} s`);
    return whole ? 0 : 1;
  } catch (thrown) {
    if (isInterruption(controller.signal.reason)) return interrupted;
    const error = ClaudemeshError.from(thrown);
    process.stderr.write(
      `error: ${error.message} (${error.code})\n${error.hint === undefined ? "" : `hint: ${error.hint}\n`}`,
    );
    return 1;
  } finally {
    await hosts?.close();
  }
}

function isInterruption(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "AbortError";
}

function introduce(hosts: DemoHosts): void {
  print(`Everything lives in ${hosts.folder} and is removed at the end.`);
  print(`   broker  pid ${hosts.broker.pid}  ${hosts.broker.url}`);
  for (const daemon of hosts.daemons) print(`   ${daemon.address.padEnd(6)}  pid ${daemon.pid}  ${daemon.socket}`);
}

/** True when every message arrived once, as it was sent. */
async function run(hosts: DemoHosts, contents: readonly Content[]): Promise<boolean> {
  const { signal } = controller;
  const { alice, bob } = hosts;
  await alice.client.topics.create("files", { signal });
  await alice.client.topics.join("files", { signal });
  await bob.client.topics.join("files", { signal });
  const shown: InboxItem[] = [];
  const enough = new AbortController();
  const watching = watchBob(hosts, shown, AbortSignal.any([signal, enough.signal]));
  // A failure is thrown where the watching is awaited; until then it must not end the process without its cleaning up.
  watching.catch(() => undefined);
  const ledger = createLedger({ sender: alice.client, addresses: { direct: "@bob", topic: "#files" }, print, signal });
  const third = Math.ceil(contents.length / 3);

  print("\n1  alice sends files to @bob and to #files");
  await sendAll(ledger, contents.slice(0, third));
  await ledger.until("delivery", () => ledger.without("delivered") === 0);

  print("\n2  the broker is killed while messages are on their way");
  const second = contents.slice(third, 2 * third);
  await killDuring(ledger, second, async () => {
    await hosts.killBroker();
    print("   SIGKILL    broker");
  });
  const stranded = ledger.entries.slice(third);
  print(`   ${ledger.without("accepted", stranded)} of ${stranded.length} not yet accepted; they are on alice's disk`);
  const broker = await hosts.startBroker();
  print(`   started    broker  pid ${broker.pid}, on the same data`);
  await ledger.until("delivery after the broker's return", () => ledger.without("delivered") === 0);

  print("\n3  bob's daemon is killed while messages are on their way");
  const before = ledger.entries.length;
  await killDuring(ledger, contents.slice(2 * third), async () => {
    await hosts.killBob();
    print("   SIGKILL    bob");
  });
  const waiting = ledger.entries.slice(before);
  await ledger.until("acceptance while bob is away", () => ledger.without("accepted") === 0);
  print(`   ${ledger.without("delivered", waiting)} of ${waiting.length} not yet delivered; the broker keeps them`);
  const daemon = await hosts.startBob();
  print(`   started    bob     pid ${daemon.pid}, on the same data`);
  await ledger.until("delivery after bob's return", () => ledger.without("delivered") === 0);

  const inbox = await wholeInbox(bob.client);
  enough.abort();
  await watching;
  const isWhole = report(ledger.entries, inbox, shown);
  return reportSealing(hosts, ledger.entries) && isWhole;
}

/** The messages that a program listening at bob is shown, across the kill of his daemon. */
async function watchBob({ bob }: DemoHosts, shown: InboxItem[], signal: AbortSignal): Promise<void> {
  for await (const event of bob.client.events({ after: 0, signal })) {
    if (event.event === "message") shown.push(event.data as unknown as InboxItem);
  }
}

function kindOf(index: number): "direct" | "topic" {
  return index % 2 === 0 ? "direct" : "topic";
}

async function sendAll(ledger: Ledger, contents: readonly Content[]): Promise<void> {
  await Promise.all(contents.map((content, index) => ledger.send(kindOf(index), content)));
}

/** Half of the messages are sent at once, the kill comes with the first answer, the other half is sent into the gap. */
async function killDuring(ledger: Ledger, contents: readonly Content[], kill: () => Promise<void>): Promise<void> {
  const half = Math.ceil(contents.length / 2);
  const sending = contents.slice(0, half).map((content, index) => ledger.send(kindOf(index), content));
  await Promise.any(sending);
  const killed = kill();
  await Promise.all([killed, ...sending]);
  await sendAll(ledger, contents.slice(half));
}

function report(entries: readonly Entry[], inbox: readonly InboxItem[], shown: readonly InboxItem[]): boolean {
  const rows = (["direct", "topic"] as const).map((kind) => [
    kind,
    ...cells(
      tally(
        entries.filter((entry) => entry.kind === kind),
        inbox,
        shown,
      ),
    ),
  ]);
  const whole = tally(entries, inbox, shown);
  print("\n4  compared by SHA-256 at bob");
  for (const line of table([
    ["   ", "sent", "delivered once", "lost", "shown twice", "changed"],
    ...rows.map(([kind = "", ...rest]) => [`   ${kind}`, ...rest]),
    ["   total", ...cells(whole)],
  ]))
    print(line);
  return whole.sent > 0 && whole.deliveredOnce === whole.sent;
}

/** The same search finds them at their sender, so that it would find them at the broker. */
function reportSealing({ folders }: DemoHosts, entries: readonly Entry[]): boolean {
  const contents = entries.map(({ content }) => content);
  const [sender, broker] = [countInClear(folders.alice, contents), countInClear(folders.broker, contents)];
  print("\n5  looked for in the files, as text that can be read");
  print(`   at alice, who sent them  ${sender.found} of ${sender.of}`);
  print(`   at the broker            ${broker.found} of ${broker.of}`);
  return sender.found === sender.of && broker.found === 0;
}

function cells(counted: Tally): string[] {
  return [counted.sent, counted.deliveredOnce, counted.lost, counted.shownTwice, counted.changed].map(String);
}
