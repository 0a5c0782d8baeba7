import type { HostReaders } from "./readers.ts";

/** A host as its sources tell of it. What is in neither map is not there. */
export interface SimulatedHost {
  readonly platform: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** By path; folders are those that a path goes through. */
  readonly files?: Readonly<Record<string, string>>;
  /** By the whole command line. */
  readonly programs?: Readonly<Record<string, string>>;
}

export function readersOf(host: SimulatedHost): HostReaders & { readonly asked: readonly string[] } {
  const { files = {}, programs = {}, variables = {} } = host;
  const asked: string[] = [];
  const find = (of: Readonly<Record<string, string>>, key: string): string | null =>
    Object.hasOwn(of, key) ? (of[key] ?? null) : null;
  return {
    asked,
    platform: host.platform,
    variable: (name) => find(variables, name),
    readFile: async (path) => find(files, path),
    async list(path) {
      const below = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
      const names = below.map((file) => file.slice(path.length + 1).split("/")[0] ?? "");
      return names.length === 0 ? null : [...new Set(names)];
    },
    async run(command, args) {
      const line = [command, ...args].join(" ");
      asked.push(line);
      return find(programs, line);
    },
  };
}

export interface SimulatedNic {
  readonly name: string;
  readonly mac: string;
  /** The kernel's addr_assign_type: 0 the device's own, 1 random, 3 set by somebody. */
  readonly assigned?: 0 | 1 | 2 | 3;
  readonly isWireless?: boolean;
  /** On the PCI bus unless it is at a USB port, or made of software. */
  readonly bus?: "pci" | "usb" | "software";
}

/** A Linux host. machineId null: there is no /etc/machine-id. */
export function linuxHost(host: {
  readonly machineId: string | null;
  readonly nics?: readonly SimulatedNic[];
  readonly files?: Readonly<Record<string, string>>;
}): SimulatedHost {
  const files: Record<string, string> = { "/sys/class/net/lo/address": "00:00:00:00:00:00\n" };
  if (host.machineId !== null) files["/etc/machine-id"] = `${host.machineId}\n`;
  for (const { name, mac, assigned = 0, isWireless = false, bus = "pci" } of host.nics ?? []) {
    const folder = `/sys/class/net/${name}`;
    files[`${folder}/address`] = `${mac}\n`;
    files[`${folder}/addr_assign_type`] = `${assigned}\n`;
    files[`${folder}/type`] = "1\n";
    if (bus !== "software") files[`${folder}/device/modalias`] = `${bus}:v00008086d000015F3\n`;
    if (isWireless) files[`${folder}/phy80211/name`] = "phy0\n";
  }
  return { platform: "linux", files: { ...files, ...host.files } };
}
