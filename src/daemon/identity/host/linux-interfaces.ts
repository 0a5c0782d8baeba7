import { isHardwareName, type NetworkInterface, readMac } from "./interfaces.ts";
import type { HostReaders } from "./readers.ts";

const folder = "/sys/class/net";
/** Interfaces looked at; a host of many containers has thousands, whose names are passed over first. */
const interfacesMax = 64;
const etherType = "1";
/** NET_ADDR_PERM of the kernel: the address is the one that the device brought. */
const permanent = "0";

/** As the kernel tells under /sys/class/net. What has no `device` is made of software. */
export async function linuxInterfaces(readers: HostReaders): Promise<readonly NetworkInterface[]> {
  const names = ((await readers.list(folder)) ?? []).filter(isHardwareName).sort().slice(0, interfacesMax);
  const found = await Promise.all(names.map((name) => readInterface(readers, name)));
  return found.filter((one) => one !== null);
}

async function readInterface(readers: HostReaders, name: string): Promise<NetworkInterface | null> {
  const path = `${folder}/${name}`;
  const text = async (file: string): Promise<string> => ((await readers.readFile(`${path}/${file}`)) ?? "").trim();
  const [address, assigned, type, bus, removable, device, wireless, radio] = await Promise.all([
    text("address"),
    text("addr_assign_type"),
    text("type"),
    text("device/modalias"),
    text("device/removable"),
    readers.list(`${path}/device`),
    readers.list(`${path}/wireless`),
    readers.list(`${path}/phy80211`),
  ]);
  const mac = readMac(address);
  if (mac === null || type !== etherType || device === null) return null;
  return {
    name,
    mac,
    isWireless: wireless !== null || radio !== null,
    isPermanent: assigned === permanent,
    isRemovable: bus.startsWith("usb:") || removable === "removable",
  };
}
