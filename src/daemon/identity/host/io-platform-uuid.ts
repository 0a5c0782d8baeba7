import { usableId } from "./junk-ids.ts";
import type { HostReaders } from "./readers.ts";

/** The Mac's own, which stays over installations of the system. */
export async function ioPlatformUuid(readers: HostReaders): Promise<string | null> {
  const printed = await readers.run("/usr/sbin/ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"]);
  return usableId(/^[\s|]*"IOPlatformUUID"\s*=\s*"([^"]*)"\s*$/m.exec(printed ?? "")?.[1] ?? null);
}
