import { accessSync, constants, existsSync, lstatSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { readStart } from "../../base/read-start.ts";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { createContainment } from "../../daemon/hooks/create-containment.ts";
import { type HostReaders, systemReaders } from "../../daemon/identity/host/readers.ts";
import type { Override } from "../../protocol/config-overrides.ts";
import type { HookContainment } from "../../protocol/hooks-api.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { adminClient } from "../admin-client.ts";
import { isLaunching, isLocked, tryLaunchLock } from "../detached-process.ts";
import { detectEnvironment, type Environment } from "../environment/detect.ts";
import { systemReaders as environmentReaders } from "../environment/readers.ts";
import { type ServiceHost, thisHost } from "../service/service-host.ts";
import { lastLines } from "../last-lines.ts";
import { startOverrides } from "../start-settings.ts";
import { certificateEnd } from "./certificate-end.ts";
import { isSeenLocked } from "./kernel-locks.ts";
import { type ProcessesWith, processesWith } from "./processes.ts";

/** Whoever does not answer by then does not answer. */
export const askTimeoutMs = 2_000;

/** What the checks read. Nothing here throws for what is merely missing. */
export interface Host {
  readonly home: string;
  readonly nodeVersion: string;
  readonly sqliteVersion: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** null on Windows, where files have no owner by number. */
  readonly uid: number | null;
  /** Of what a link names, where it is one. */
  exists(path: string): boolean;
  /** Of the file itself, not of what a link names. */
  stat(path: string): FileFacts | null;
  text(path: string): string | null;
  /** The beginning of a file; null where it cannot be read. */
  head(path: string, bytes: number): Buffer | null;
  /** What stands in a folder, in order; nothing where there is none. */
  names(path: string): readonly string[];
  /** What still fits on its disk. `files` null: that disk has no such limit. */
  free(path: string): { readonly bytes: number; readonly files: number | null } | null;
  /** `type` as Linux numbers it; null elsewhere. */
  fileSystem(path: string): { readonly type: number; readonly readOnly: boolean } | null;
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
  /** Where services are. */
  readonly services: ServiceHost;
  /** What a host is known by is read through these. */
  readonly readers: HostReaders;
  /** What this process runs in. Throws usage for what nobody may say that it is. */
  environment(): Environment;
  /** A variable of the environment that the next start would have; null: not set, or empty. */
  variable(name: string): string | null;
  /** What stands above the config.toml of a folder at a start from here. Throws invalid_config for what none could start with. */
  overrides(of: "daemon" | "broker", dir: string): readonly Override[];
  processesWith(text: string): ProcessesWith;
  /** What hooks of a daemon's folder would be contained by, tried here and now. */
  containment(dir: string): Promise<HookContainment>;
  /** When the certificate ends that is met there, epoch milliseconds; null: nothing answers. */
  certificateEnd(host: string, port: number): Promise<number | null>;
}

export interface FileFacts {
  readonly kind: "file" | "folder" | "socket" | "other";
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
}

export function createHost(home: string, now: number, readers: HostReaders = systemReaders()): Host {
  return {
    readers,
    services: thisHost,
    exists: existsSync,
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
    head: readStart,
    names(path) {
      try {
        return readdirSync(path).toSorted();
      } catch {
        return [];
      }
    },
    free(path) {
      try {
        const { bavail, bsize, files, ffree } = statfsSync(path);
        return { bytes: bavail * bsize, files: files === 0 ? null : ffree };
      } catch {
        return null;
      }
    },
    fileSystem,
    isLocked(path) {
      if (fileFacts(path) === null) return false;
      if (isSeenLocked(path)) return true;
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
    environment: () => detectEnvironment(environmentReaders(process.env)),
    variable: (name) => process.env[name] || null,
    overrides: startOverrides,
    processesWith: (text) => processesWith(text),
    containment: tryContainment,
    certificateEnd: (host, port) => certificateEnd(host, port, askTimeoutMs),
  };
}

async function tryContainment(dir: string): Promise<HookContainment> {
  const nothing = (): void => {};
  const containment = createContainment({
    dir,
    env: process.env,
    clock: systemClock,
    log: silentLog,
    count: { call: nothing, unenforceable: nothing },
  });
  try {
    return await containment.enforcement();
  } finally {
    await containment.stop();
  }
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

function fileSystem(path: string): ReturnType<Host["fileSystem"]> {
  if (process.platform !== "linux") return null;
  try {
    return { type: statfsSync(path).type, readOnly: isReadOnly(path) };
  } catch {
    return null;
  }
}

/** Of the disk: what this user may not write is told of each file by its own rule. */
function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && thrown.code === "EROFS";
  }
}
