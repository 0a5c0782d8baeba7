import { isUniversal, type NetworkInterface } from "./interfaces.ts";

/** Virtual machines of KVM have addresses of this beginning: as lasting as a maker's, though not marked so. */
const virtualMachine = "52:54:00:";

const isOwn = ({ isPermanent, isRemovable }: NetworkInterface): boolean => isPermanent && !isRemovable;

/** The address by which a host without any id is known: of a wire before one of a radio, then the lowest by name. */
export function stableMac(interfaces: readonly NetworkInterface[]): string | null {
  const [lowest] = interfaces
    .filter((one) => isOwn(one) && isUniversal(one.mac))
    .sort(
      (a, b) => Number(a.isWireless) - Number(b.isWireless) || a.name.localeCompare(b.name, "en", { numeric: true }),
    );
  return lowest?.mac ?? null;
}

/** Of every wire that is built in: a copy of this host's disk does not bring them along. */
export function wiredMacs(interfaces: readonly NetworkInterface[]): readonly string[] {
  const macs = interfaces
    .filter((one) => isOwn(one) && !one.isWireless)
    .map(({ mac }) => mac)
    .filter((mac) => isUniversal(mac) || mac.startsWith(virtualMachine));
  return [...new Set(macs)].sort();
}
