import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { broker, type TestBroker, type TestBrokerOptions } from "./broker.ts";
import { daemon, type TestDaemon, type TestDaemonOptions } from "./daemon.ts";
import { tempFolder } from "./temp-folder.ts";

/** A broker and a daemon per name, all in one mesh and linked. */
export interface TestMesh<Name extends string> {
  readonly broker: TestBroker;
  readonly daemons: Readonly<Record<Name, TestDaemon>>;
}

/** Resolves when every daemon has its link. Everything stops when the test ends. */
export async function mesh<const Name extends string>(
  t: TestContext,
  names: readonly Name[],
  options: {
    readonly broker?: TestBrokerOptions;
    readonly daemon?: Omit<TestDaemonOptions, "dir">;
    /** Of single daemons. */
    readonly daemons?: Partial<Readonly<Record<Name, Omit<TestDaemonOptions, "dir">>>>;
  } = {},
): Promise<TestMesh<Name>> {
  const folder = tempFolder(t);
  const started = await broker(t, { dataDir: join(folder, "broker"), ...options.broker });
  const daemons = {} as Record<Name, TestDaemon>;
  for (const name of names) {
    const dir = join(folder, name);
    mkdirSync(dir, { mode: 0o700 });
    await joinBroker({ dir, dataDir: started.dataDir, name, role: "member" });
    daemons[name] = await daemon(t, { ...options.daemon, ...options.daemons?.[name], dir });
    await linked(daemons[name]);
  }
  return { broker: started, daemons };
}

/** Resolves when the daemon's link stands. */
export async function linked({ client }: Pick<TestDaemon, "client">): Promise<void> {
  const opened = new AbortController();
  // Events before this moment count too: the link may have come up while the stream was being opened.
  for await (const event of client.events({ after: 0, signal: opened.signal, onOpen: () => void check() })) {
    if (event.event !== "link_up") continue;
    if ((await client.health()).link.state === "connected") opened.abort();
  }
  async function check(): Promise<void> {
    if ((await client.health()).link.state === "connected") opened.abort();
  }
}
