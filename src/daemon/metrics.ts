import { statSync } from "node:fs";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type OutboxStatus, outboxStatuses } from "../protocol/local-api.ts";
import type { ArchiveCounters } from "./identity/keypair-archive.ts";
import type { LinkCounters } from "./link/link.ts";
import { troubleCodes } from "./membership/troubles.ts";
import type { MembershipTrouble } from "./parts.ts";

/** What a daemon counts (host.md, "Metrics"). One registry per daemon; every metric has the label mesh. */
export type DaemonMetrics = ReturnType<typeof createDaemonMetrics>;

/** Read when asked, so that a gauge never tells what was true a while ago. */
export interface Measured {
  readonly connected: () => boolean;
  readonly outboxDepth: () => Readonly<Record<OutboxStatus, number>>;
  readonly outboxAgeMs: () => number;
  readonly undecryptable: () => number;
  readonly archivedKeys: () => number;
  /** Messages that may be put before agents and were not yet. */
  readonly agentsWaiting: () => number;
  /** Entries of the chain that is held, and what keeps the broker's apart from it. */
  readonly membership: () => { readonly entries: number; readonly trouble: MembershipTrouble["code"] | null };
  readonly disk: () => readonly { readonly kind: string; readonly bytes: number; readonly bytesMax: number }[];
}

export function createDaemonMetrics(mesh: string, measured: () => Measured) {
  const registry = new Registry();
  registry.setDefaultLabels({ mesh });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers });
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect: (this: Gauge<L>) => void,
  ) => new Gauge<L>({ name, help, labelNames, registers, collect });

  gauge("cm_daemon_connected", "1 while the link to the broker is up and answering.", [], function () {
    this.set(measured().connected() ? 1 : 0);
  });
  gauge("cm_daemon_outbox_depth", "Rows of the outbox by status.", ["status"], function () {
    const depth = measured().outboxDepth();
    for (const status of outboxStatuses) this.set({ status }, depth[status]);
  });
  gauge("cm_daemon_outbox_age_seconds", "Age of the oldest row that waits to be sent.", [], function () {
    this.set(measured().outboxAgeMs() / 1_000);
  });
  gauge(
    "cm_daemon_decrypt_undecryptable",
    "Messages received that are kept sealed, since no key here opens them.",
    [],
    function () {
      this.set(measured().undecryptable());
    },
  );
  gauge(
    "cm_daemon_agent_messages_waiting",
    "Messages that wait to be put before agents, those that a policy holds left out.",
    [],
    function () {
      this.set(measured().agentsWaiting());
    },
  );
  gauge("cm_daemon_archive_keys", "Former keys of this member that are kept.", [], function () {
    this.set(measured().archivedKeys());
  });
  gauge("cm_daemon_membership_entries", "Entries of the membership chain that is held.", [], function () {
    this.set(measured().membership().entries);
  });
  gauge(
    "cm_daemon_membership_trouble",
    "1 while the broker's membership and the one that is held are apart, by why.",
    ["code"],
    function () {
      const { trouble } = measured().membership();
      for (const code of troubleCodes) this.set({ code }, code === trouble ? 1 : 0);
    },
  );
  gauge("cm_daemon_disk_pct", "Disk used by a database, in percent of its limit.", ["kind"], function () {
    for (const { kind, bytes, bytesMax } of measured().disk()) this.set({ kind }, (bytes / bytesMax) * 100);
  });

  const metrics = {
    registry,
    reconnects: counter("cm_daemon_reconnects_total", "Links lost, by reason.", ["reason"]),
    lagMs: new Gauge({
      name: "cm_daemon_lag_ms",
      help: "From the broker's accept to this inbox's commit, of the newest message stored.",
      registers,
    }),
    dedupe: counter(
      "cm_daemon_dedupe_total",
      "Duplicates recognised: out, sends repeated by local callers; in, messages pushed again.",
      ["direction"],
    ),
    send: counter("cm_daemon_send_total", "Local sends answered, by destination kind and answer.", ["kind", "status"]),
    recv: counter("cm_daemon_recv_total", "Messages stored in the inbox."),
    invalidInbound: counter(
      "cm_daemon_invalid_inbound_total",
      "Messages received that could not be shown as messages.",
    ),
    decryptArchived: counter(
      "cm_daemon_decrypt_archived_total",
      "Direct messages opened with a key that this member has changed and that is in its grace.",
    ),
    decryptStale: counter(
      "cm_daemon_decrypt_stale_total",
      "Attempts to open a direct message that is sealed to a key of this member whose grace is over.",
    ),
    agentOffers: counter(
      "cm_daemon_agent_offers_total",
      "Messages offered to sessions of agents, and what came of them.",
      ["way", "outcome"],
    ),
    archiveExpired: counter("cm_daemon_archive_expired_total", "Former keys dropped at the end of their grace."),
    archiveForceExpired: counter(
      "cm_daemon_archive_force_expired_total",
      "Former keys dropped before the end of their grace, since there were too many.",
    ),
    archiveMalformed: counter("cm_daemon_archive_malformed_total", "Archives of former keys that were damaged."),
    archiveLost: counter(
      "cm_daemon_archive_lost_total",
      "Entries of damaged archives that could not be saved, as far as they could be counted.",
    ),
    dedupeHistoryPruned: counter(
      "cm_daemon_dedupe_history_pruned_total",
      "Sends that the broker had accepted before and whose message it no longer keeps.",
    ),
    fingerprintMismatch: counter(
      "cm_daemon_fingerprint_mismatch_total",
      "Messages that ended because the broker holds their id for other bytes, by the fingerprint versions of both.",
      ["broker_version", "wire_version"],
    ),
    hookCapabilityCalls: counter(
      "cm_daemon_hook_capability_calls_total",
      "Requests that hooks made with the tokens of their runs, by the scope that they came under and what became of them.",
      ["scope", "outcome"],
    ),
    hookUnenforceable: counter(
      "cm_daemon_hook_unenforceable_total",
      "Runs of hooks that could not be held to their policies on this host: refused, or run as the user.",
    ),
    cloneSuspected: counter(
      "cm_daemon_clone_suspected_total",
      "Starts on a host that may be a copy of the one that the member belongs to.",
      ["reason"],
    ),
    hookInvocations: counter("cm_daemon_hook_invocations_total", "Runs of hooks, by how they ended.", ["hook", "exit"]),
    hookSeconds: new Histogram({
      name: "cm_daemon_hook_duration_seconds",
      help: "From the start of a hook's process to its end.",
      labelNames: ["hook"] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30, 60],
      registers,
    }),
    localTokenRotations: counter("cm_daemon_local_token_rotations_total", "New tokens made for the local API."),
    ipcRequests: counter("cm_daemon_ipc_request_total", "Requests to the local API.", [
      "endpoint",
      "status",
      "transport",
    ]),
    ipcSeconds: new Histogram({
      name: "cm_daemon_ipc_duration_seconds",
      help: "Time to answer a request to the local API.",
      labelNames: ["endpoint"] as const,
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
  };
  // A counter that exists before its first event reads as 0 instead of missing, so that rates work from the start.
  metrics.dedupe.inc({ direction: "out" }, 0);
  metrics.dedupe.inc({ direction: "in" }, 0);
  for (const reason of ["host_id", "wired_address"] as const) metrics.cloneSuspected.inc({ reason }, 0);
  return metrics;
}

/** Bytes of an SQLite database on disk, its write-ahead log included. */
export function databaseBytes(path: string): number {
  let bytes = 0;
  for (const suffix of ["", "-wal"]) bytes += statSync(`${path}${suffix}`, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

/** What the archive of former keys counts, in this registry's terms. */
export function archiveCounters(metrics: DaemonMetrics): ArchiveCounters {
  return {
    expired: () => metrics.archiveExpired.inc(),
    forceExpired: () => metrics.archiveForceExpired.inc(),
    malformed(lost) {
      metrics.archiveMalformed.inc();
      metrics.archiveLost.inc(lost ?? 0);
    },
  };
}

/** What the link counts, in this registry's terms. */
export function linkCounters(metrics: DaemonMetrics): LinkCounters {
  return {
    reconnected: (reason) => metrics.reconnects.inc({ reason: reasonLabel(reason) }),
    received({ stored, duplicates, invalid }, lagMs) {
      metrics.recv.inc(stored);
      metrics.dedupe.inc({ direction: "in" }, duplicates);
      metrics.invalidInbound.inc(invalid);
      if (stored > 0) metrics.lagMs.set(lagMs);
    },
    historyPruned: () => metrics.dedupeHistoryPruned.inc(),
  };
}

/** A label has few values: the close kind, the close code or the system's error name, never the whole text. */
function reasonLabel(reason: string): string {
  const code = /^closed \((\d{4})\)/.exec(reason)?.[1];
  if (code !== undefined) return `closed_${code}`;
  // Behind it are words of the broker's.
  const kind = /^([a-z]+_[a-z_]+|kicked)(?=:|$)/.exec(reason)?.[0];
  return kind ?? /\bE[A-Z]{4,}\b/.exec(reason)?.[0] ?? "other";
}
