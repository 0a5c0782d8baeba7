import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { BrokerStatus, DaemonStatus } from "../cli/launcher.ts";
import type { Client } from "../client/client.ts";
import { connect } from "../client/connect.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { brokerDir } from "./launch-broker.ts";
import { launcher } from "./launcher.ts";

export interface DemoHost {
  readonly name: "alice" | "bob";
  readonly client: Client;
}

/** Two homes with a daemon each and one broker, as separate processes under one temporary folder. */
export interface DemoHosts {
  readonly folder: string;
  /** Where alice's daemon and the broker keep their files. */
  readonly folders: { readonly alice: string; readonly broker: string };
  readonly alice: DemoHost;
  readonly bob: DemoHost;
  readonly broker: BrokerStatus;
  readonly daemons: readonly DaemonStatus[];
  /** SIGKILL: no chance to finish anything. Resolves when the process is gone. */
  killBroker(): Promise<void>;
  killBob(): Promise<void>;
  startBroker(): Promise<BrokerStatus>;
  startBob(): Promise<DaemonStatus>;
  /** Stops what runs and removes the folder. */
  close(): Promise<void>;
}

const endDeadlineMs = 5_000;
const lookIntervalMs = 10;

export async function startHosts(): Promise<DemoHosts> {
  const folder = mkdtempSync(join(tmpdir(), "claudemesh-demo-"));
  const homes = { alice: join(folder, "alice"), bob: join(folder, "bob") };
  const pids = new Set<number>();
  const seen = <T extends { readonly pid: number | null }>(status: T): T => {
    if (status.pid !== null) pids.add(status.pid);
    return status;
  };
  const close = async (): Promise<void> => {
    for (const home of [homes.bob, homes.alice]) {
      await launcher
        .down(home, { daemons: true, broker: true, mesh: null })
        .catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    }
    for (const pid of pids) {
      if (await hasEnded(pid, endDeadlineMs)) continue;
      process.kill(pid, "SIGKILL");
      await hasEnded(pid, endDeadlineMs);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const up = (name: "alice" | "bob") =>
    launcher.up({
      home: homes[name],
      name,
      mode: "persistent",
      ttlMs: null,
      invite: null,
      http: false,
      broker: name === "alice" ? null : brokerDir(homes.alice),
      listen: null,
    });
  const kill = async (pid: number | null, what: string): Promise<void> => {
    if (pid === null) throw new ClaudemeshError("not_running", `${what} does not run any more`);
    process.kill(pid, "SIGKILL");
    if (!(await hasEnded(pid, endDeadlineMs))) throw new ClaudemeshError("timed_out", `${what} survived SIGKILL`);
  };
  try {
    const first = await up("alice");
    if (first.broker === null) throw new ClaudemeshError("internal", "the first host has no broker");
    let broker = seen(first.broker.status);
    const alice = seen(first.daemon.status);
    let bob = seen((await up("bob")).daemon.status);
    return {
      folder,
      folders: { alice: join(homes.alice, "daemon"), broker: brokerDir(homes.alice) },
      alice: { name: "alice", client: connect({ socketPath: alice.socket }) },
      bob: { name: "bob", client: connect({ socketPath: bob.socket }) },
      broker,
      daemons: [alice, bob],
      killBroker: () => kill(broker.pid, "the broker"),
      killBob: () => kill(bob.pid, "bob's daemon"),
      async startBroker() {
        broker = seen((await launcher.brokerUp(homes.alice, null)).status);
        return broker;
      },
      async startBob() {
        bob = seen((await launcher.daemonUp({ home: homes.bob, mesh: null, http: null, readOnly: null })).status);
        return bob;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The processes are children of this one, so the kernel forgets their pids as soon as they end. */
async function hasEnded(pid: number, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    if (Date.now() > deadline) return false;
    await pause(lookIntervalMs);
  }
}
