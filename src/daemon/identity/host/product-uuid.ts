import { usableId } from "./junk-ids.ts";
import type { HostReaders } from "./readers.ts";

/** The board's, or the virtual machine's, as its firmware tells; most systems let root alone read it. */
export async function productUuid(readers: HostReaders): Promise<string | null> {
  return usableId(await readers.readFile("/sys/class/dmi/id/product_uuid"));
}
