/** A broker as its own process, for measurements: over the embedded store or PostgreSQL, or the naive one. */
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerLimits } from "../src/broker/broker-limits.ts";

export type BrokerKind = "sqlite" | "postgres" | "naive";

/** What serve-broker.ts is told, as its one argument. */
export interface ServeOptions {
  readonly kind: BrokerKind;
  readonly dataDir: string;
  /** null for the embedded store. */
  readonly databaseUrl: string | null;
  readonly limits: Partial<BrokerLimits>;
}

export interface BrokerProcess {
  readonly pid: number;
  readonly url: string;
  readonly adminSocket: string;
  /** Resident set in MB (10^6 bytes): now, and the most there ever was. */
  residentMb(): { now: number; most: number };
  stop(): Promise<void>;
}

/** The limiter would be what is measured. */
export const unlimited = {
  memberRate: 1_000_000,
  memberBurst: 1_000_000,
  meshRate: 1_000_000,
  meshBurst: 1_000_000,
} as const satisfies Partial<BrokerLimits>;

export async function startBrokerProcess(options: {
  readonly kind: BrokerKind;
  readonly databaseUrl?: string | null;
  readonly limits?: Partial<BrokerLimits>;
  /** Folder for a CPU profile of the process. */
  readonly profile?: string | null;
}): Promise<BrokerProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), "claudemesh-bench-"));
  const profile = options.profile ?? null;
  const serve: ServeOptions = {
    kind: options.kind,
    dataDir,
    databaseUrl: options.databaseUrl ?? null,
    limits: options.limits ?? unlimited,
  };
  const script = fileURLToPath(new URL("serve-broker.ts", import.meta.url));
  const child = fork(script, [JSON.stringify(serve)], {
    execArgv: profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.connected) child.send("stop");
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const told = await new Promise<{ url: string; adminSocket: string }>((resolve, reject) => {
      child.once("message", (message) => resolve(message as { url: string; adminSocket: string }));
      child.once("exit", (code) => reject(new Error(`the broker ended with ${code}`)));
    });
    return {
      ...told,
      pid: child.pid ?? 0,
      stop,
      residentMb() {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        const megabytes = (name: string): number =>
          (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024) / 1e6;
        return { now: megabytes("VmRSS"), most: megabytes("VmHWM") };
      },
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
