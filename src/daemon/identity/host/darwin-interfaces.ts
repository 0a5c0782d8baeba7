import { isHardwareName, type NetworkInterface, readMac } from "./interfaces.ts";
import type { HostReaders } from "./readers.ts";

/** The port of a cable that is built in. Every other one, whatever it is called in the user's language, counts as wireless. */
const wiredPort = /^Ethernet( \d+)?$|^Built-in Ethernet/i;
const removablePort = /USB|Thunderbolt|Bluetooth|iPhone|iPad|Dock|Display/i;

/**
 * `networksetup -listallhardwareports` tells the address that the hardware has, also of a Wi-Fi that shows another one to
 * each network. Blocks of three lines:
 * `Hardware Port: Ethernet`, `Device: en0`, `Ethernet Address: 3c:22:fb:01:02:03`.
 */
export async function darwinInterfaces(readers: HostReaders): Promise<readonly NetworkInterface[]> {
  const printed = (await readers.run("/usr/sbin/networksetup", ["-listallhardwareports"])) ?? "";
  return printed.split(/\r?\n\s*\r?\n/).flatMap((block) => {
    const field = (label: string): string | null =>
      new RegExp(`^${label}:[ \\t]*(.*?)[ \\t]*$`, "m").exec(block.replaceAll("\r", ""))?.[1] ?? null;
    const port = field("Hardware Port");
    const name = field("Device");
    const mac = readMac(field("Ethernet Address"));
    if (port === null || name === null || mac === null || !isHardwareName(name)) return [];
    return [{ name, mac, isWireless: !wiredPort.test(port), isPermanent: true, isRemovable: removablePort.test(port) }];
  });
}
