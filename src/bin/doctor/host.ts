import { lstatSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { BrokerStatus, DaemonStatus } from "../../cli/launcher.ts";
import type { Client } from "../../client/client.ts";
import { connect } from "../../client/connect.ts";
import { daemonDirs } from "../../client/find-daemon.ts";
import type { HealthView } from "../../protocol/local-api.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { adminClient } from "../admin-client.ts";
import { isLaunching, isLocked, tryLaunchLock } from "../detached-process.ts";
import { brokerDir, brokerStatus } from "../launch-broker.ts";
import { lastLines } from "../last-lines.ts";
import { daemonStatus } from "../launch-daemon.ts";

const askTimeoutMs = 2_000;

/** What the checks read. Nothing here throws for what is merely missing. */
export interface Host {
  readonly home: string;
  readonly nodeVersion: string;
  readonly sqliteVersion: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** null on Windows, where files have no owner by number. */
  readonly uid: number | null;
  /** Of the file itself, not of what a link names. */
  stat(path: string): FileFacts | null;
  text(path: string): string | null;
  freeBytes(path: string): number | null;
  /** null: it could not be asked without disturbing a start that is under way. */
  isLocked(path: string): boolean | null;
  /** Another `up` or `down` of this home is at work. */
  readonly isLaunching: boolean;
  /** The last lines of a log, at most `lines`. */
  lastLines(path: string, lines: number): Promise<readonly string[]>;
  /** What a page of a running process answers; null when it does not. */
  page(url: string): Promise<{ readonly ok: boolean; readonly text: string } | null>;
  /** What the broker of a folder says of its store, by its admin socket; null: nothing is wrong, or it does not say. */
  storeFault(dir: string): Promise<{ readonly message: string; readonly hint: string | undefined } | null>;
  /** A variable of the environment that the next start would have; null: not set, or empty. */
  variable(name: string): string | null;
}

export interface FileFacts {
  readonly kind: "file" | "folder" | "socket" | "other";
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
}

/** One daemon's folder, and what its process says when it is asked. */
export interface DaemonSite {
  readonly slug: string;
  readonly dir: string;
  /** null: not even its files say who it is. */
  readonly status: DaemonStatus | null;
  /** null unless it runs. */
  readonly health: HealthView | null;
  /** Prometheus text; "" unless it runs. */
  readonly metrics: string;
  /** A client of the running daemon; null unless it runs. */
  readonly client: Pick<Client, "outbox"> | null;
}

export interface BrokerSite {
  readonly dir: string;
  readonly status: BrokerStatus;
}

export function createHost(home: string, now: number): Host {
  return {
    home,
    now,
    nodeVersion: process.versions.node,
    sqliteVersion: process.versions["sqlite"] ?? "unknown",
    uid: process.getuid?.() ?? null,
    isLaunching: isLaunching(join(home, "launch.lock")),
    stat: fileFacts,
    text(path) {
      try {
        return readFileSync(path, "utf8");
      } catch (thrown) {
        if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return null;
        throw thrown;
      }
    },
    freeBytes(path) {
      try {
        const { bavail, bsize } = statfsSync(path);
        return bavail * bsize;
      } catch {
        return null;
      }
    },
    isLocked(path) {
      if (fileFacts(path) === null) return false;
      // A start that takes its lock at this very moment would fail: none does while the launch lock is held here.
      const launch = tryLaunchLock(join(home, "launch.lock"));
      if (launch === null) return null;
      try {
        return isLocked(path);
      } finally {
        launch.release();
      }
    },
    lastLines,
    async page(url) {
      try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(askTimeoutMs) });
        return { ok: answer.ok, text: await answer.text() };
      } catch {
        return null;
      }
    },
    async storeFault(dir) {
      try {
        await adminClient(dir).ready(askTimeoutMs);
        return null;
      } catch (thrown) {
        return thrown instanceof ClaudemeshError && thrown.code === "store_unavailable" ? thrown : null;
      }
    },
    variable: (name) => process.env[name] || null,
  };
}

function fileFacts(path: string): FileFacts | null {
  try {
    const found = lstatSync(path);
    const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSocket() ? "socket" : "other";
    return { kind, mode: found.mode & 0o777, uid: found.uid };
  } catch {
    return null;
  }
}

/** Every daemon's folder, asked for the process in it. The caller closes the clients with `close`. */
export async function daemonSites(home: string): Promise<readonly (DaemonSite & { close(): void })[]> {
  return Promise.all(
    daemonDirs(home).map(async ({ slug, dir }) => {
      const status = await daemonStatus(home, dir).catch(() => null);
      const nothing = { slug, dir, status, health: null, metrics: "", client: null, close: () => {} };
      if (status?.state !== "running") return nothing;
      const client = connect({ socketPath: status.socket });
      try {
        const [health, metrics] = await Promise.all([
          client.health({ timeoutMs: askTimeoutMs }),
          client.metrics({ timeoutMs: askTimeoutMs }),
        ]);
        return { ...nothing, health, metrics, client, close: () => client.close() };
      } catch {
        // It ended meanwhile: what its folder says is left.
        client.close();
        return nothing;
      }
    }),
  );
}

/** null when this home has no broker. */
export async function brokerSite(home: string): Promise<BrokerSite | null> {
  const dir = brokerDir(home);
  const status = await brokerStatus(dir);
  return status.state === "absent" ? null : { dir, status };
}
