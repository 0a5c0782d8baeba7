import { osTable, type OsRow } from "./os-table.ts";
import type { HostReaders } from "./readers.ts";
import { stableMac, wiredMacs } from "./stable-mac.ts";

/** An id that was read here, with what it was read from. */
export interface HostId {
  readonly source: string;
  readonly namespace: string;
  readonly id: string;
}

/** What this host tells of itself now. */
export interface HostFacts {
  /** Of its system; null: of one that no row of the table is for. */
  readonly namespace: string | null;
  /** Set by whoever runs it, or the system's; the one that is believed first. An address is in none of them. */
  readonly ids: readonly HostId[];
  /** The address that stands in for an id. */
  readonly fallback: HostId | null;
  readonly wired: readonly string[];
  /** Every address of hardware, also of what is plugged in: fingerprints of version 1 are over one of them. */
  readonly addresses: readonly string[];
}

/** Everything is asked at once, so the slowest source is what it takes, and each has a limit. */
export async function readHost(
  readers: HostReaders,
  override: string | null,
  table: readonly OsRow[] = osTable,
): Promise<HostFacts> {
  const row = table.find(({ platforms }) => platforms.includes(readers.platform)) ?? null;
  const [read, interfaces] = await Promise.all([
    Promise.all((row?.sources ?? []).map(async ({ name, read }) => ({ source: name, id: await read(readers) }))),
    row?.interfaces(readers) ?? [],
  ]);
  const namespace = row?.namespace ?? null;
  const mac = stableMac(interfaces);
  return {
    namespace,
    ids: [
      ...(override === null ? [] : [{ source: "override", namespace: "override", id: override }]),
      ...read.flatMap(({ source, id }) => (id === null || namespace === null ? [] : [{ source, namespace, id }])),
    ],
    fallback: mac === null ? null : { source: "mac", namespace: "mac", id: mac },
    wired: wiredMacs(interfaces),
    addresses: [...new Set(interfaces.map((one) => one.mac))],
  };
}
