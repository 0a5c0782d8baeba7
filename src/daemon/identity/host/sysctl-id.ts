import { usableId } from "./junk-ids.ts";
import type { HostReaders } from "./readers.ts";

/** A value that a BSD's kernel tells under this name. */
export async function sysctlId(readers: HostReaders, name: string): Promise<string | null> {
  return usableId(await readers.run("/sbin/sysctl", ["-n", name]));
}
