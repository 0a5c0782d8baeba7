import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { connect } from "../../src/client/connect.ts";
import { linked } from "../../test/support/mesh.ts";
import { type Lifetime, lifetimeWithin } from "../../test/support/on-end.ts";
import {
  type BrokerProcess,
  brokerProcess,
  type DaemonProcess,
  daemonProcess,
} from "../../test/support/program-process.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import { Unfit } from "./unfit.ts";

/** What a scenario may do to a program of its mesh. */
export type HostAction = "stop" | "start" | "kill" | "freeze" | "thaw";

/** A broker and a daemon per member, each a process, in a home of its own. */
export interface RunningMesh {
  readonly meshId: string;
  readonly members: ReadonlyMap<string, RunningMember>;
  /** `program`: `broker`, or the member whose daemon is meant. Resolves when it is done: a start, when the program answers. */
  act(action: HostAction, program: string): Promise<void>;
  /** Everything runs again, and every daemon has its link. */
  restore(): Promise<void>;
  end(): Promise<void>;
}

export interface RunningMember {
  /** What CLAUDEMESH_HOME would be. */
  readonly home: string;
  /** The daemon's own folder in it. */
  readonly dir: string;
  readonly memberId: string;
  /** Of the daemon that runs now, or ran last. */
  readonly daemon: DaemonProcess;
}

/** By which the daemons' folders are called. */
export const meshSlug = "local";

/** Resolves when every daemon has its link. The first member owns the mesh. */
export async function runningMesh(t: Lifetime, names: readonly string[]): Promise<RunningMesh> {
  const life = lifetimeWithin(t);
  const folder = tempFolder(life);
  const dataDir = join(folder, "broker");
  const broker = await program(() => brokerProcess(life, dataDir));
  const daemons = new Map<string, Program<DaemonProcess>>();
  const members = new Map<string, RunningMember>();
  let meshId = "";
  for (const name of names) {
    const home = join(folder, name);
    const dir = join(home, "daemon", meshSlug);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    await joinBroker({ dir, dataDir, name, role: "member" });
    const daemon = await program(() => daemonProcess(life, dir));
    daemons.set(name, daemon);
    const { member_id, mesh_id } = await identityOf(daemon.process(), dir);
    meshId = mesh_id;
    members.set(name, {
      home,
      dir,
      memberId: member_id,
      get daemon() {
        return daemon.process();
      },
    });
  }
  const named = (name: string): Program<BrokerProcess | DaemonProcess> => {
    const found = name === "broker" ? broker : daemons.get(name);
    if (found === undefined) throw new Unfit(`no program is called ${name}`);
    return found;
  };
  const everyLink = async (): Promise<void> => {
    for (const daemon of daemons.values()) await hasLink(daemon.process());
  };
  await everyLink();
  return {
    meshId,
    members,
    act: (action, name) => named(name).act(action),
    async restore() {
      if (![broker, ...daemons.values()].some((one) => one.touched())) return;
      for (const one of [broker, ...daemons.values()]) await one.restore();
      await everyLink();
    },
    end: () => life.end(),
  };
}

/** A process that can be ended and started again on what it left behind. */
interface Program<Process> {
  process(): Process;
  act(action: HostAction): Promise<void>;
  /** Something was done to it since it was last restored. */
  touched(): boolean;
  restore(): Promise<void>;
}

async function program<Process extends BrokerProcess | DaemonProcess>(
  start: () => Promise<Process>,
): Promise<Program<Process>> {
  let process = await start();
  let state: "running" | "frozen" | "ended" = "running";
  let touched = false;
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    if (state === "frozen") process.kill("SIGCONT");
    process.kill(signal);
    await process.ended;
    state = "ended";
  };
  const actions: Readonly<Record<HostAction, () => Promise<void>>> = {
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    async start() {
      if (state !== "ended") throw new Unfit("it runs already");
      process = await start();
      state = "running";
    },
    async freeze() {
      process.kill("SIGSTOP");
      state = "frozen";
    },
    async thaw() {
      process.kill("SIGCONT");
      state = "running";
    },
  };
  return {
    process: () => process,
    async act(action) {
      touched = true;
      await actions[action]();
    },
    touched: () => touched,
    async restore() {
      if (state === "frozen") await actions.thaw();
      if (state === "ended") await actions.start();
      touched = false;
    },
  };
}

async function hasLink({ unix }: DaemonProcess): Promise<void> {
  const client = connect(unix);
  await linked({ client });
  client.close();
}

async function identityOf(
  { unix }: DaemonProcess,
  dir: string,
): Promise<{ readonly member_id: string; readonly mesh_id: string }> {
  const client = connect(unix);
  const { member } = await client.health();
  client.close();
  const { mesh_id } = JSON.parse(readFileSync(join(dir, "mesh.json"), "utf8")) as { readonly mesh_id: string };
  return { member_id: member.member_id, mesh_id };
}
