import { readersOf } from "../../daemon/identity/host/simulated-host.fixture.ts";
import type { HealthView } from "../../protocol/local-api.ts";
import { thisHost } from "../service/service-host.ts";
import type { Check } from "./check.ts";
import type { Host } from "./host.ts";
import type { DaemonSite } from "./sites.ts";

/** A host where nothing is wrong, and what a test changes of it. */
export function hostWith(change: Partial<Host> = {}): Host {
  return {
    home: "/home/ann/.claudemesh",
    now: Date.parse("2026-11-25T12:00:00Z"),
    nodeVersion: "24.21.0",
    sqliteVersion: "3.53.4",
    uid: 1000,
    isLaunching: false,
    stat: () => ({ kind: "folder", mode: 0o700, uid: 1000 }),
    text: () => null,
    readers: readersOf({ platform: "linux" }),
    services: { ...thisHost, root: "/nonexistent", homeFolder: "/nonexistent/ann" },
    exists: () => true,
    head: () => null,
    names: () => [],
    free: () => ({ bytes: 50_000_000_000, files: null }),
    fileSystem: () => null,
    isLocked: () => false,
    lastLines: async () => [],
    page: async () => ({ ok: true, text: "" }),
    storeFault: async () => null,
    environment: () => ({ kind: "host", because: null }),
    variable: () => null,
    overrides: () => [],
    processesWith: () => ({ words: [], environment: [] }),
    certificateEnd: async () => null,
    containment: async () => ({ by: "bubblewrap", missing: [], bounds: ["memory", "file_size", "processes"] }),
    ...change,
  };
}

export function healthWith(change: Partial<HealthView["link"]> = {}): HealthView {
  return {
    status: "ok",
    mesh: "local",
    member: { member_id: "ab".repeat(32), name: "ann", address: "@ann" },
    link: {
      state: "connected",
      since: "2026-11-25T11:00:00.000Z",
      broker_url: "ws://127.0.0.1:9/v1/link",
      last_error: null,
      last_error_kind: null,
      receives: null,
      instance_id: "i",
      next_dial_at: null,
      clock_skew_ms: 3,
      ...change,
    },
    outbox: { pending: 0, inflight: 0, done: 0, dead: 0, aborted: 0 },
    membership: { entries: 1, trouble: null },
    pid: 7,
    started_at: "2026-11-25T10:00:00.000Z",
    durability: "disk",
    ends_at: null,
  };
}

export function siteWith(change: Partial<DaemonSite> = {}): DaemonSite {
  return {
    slug: "local",
    dir: "/nonexistent/daemon/local",
    status: null,
    health: healthWith(),
    metrics: "",
    client: null,
    brokerTls: null,
    ...change,
  };
}

export async function states<Site>(check: Check<Site>, host: Host, site: Site): Promise<string[]> {
  return (await check.run(host, site)).map(({ state }) => state);
}
