/** A network interface that has an address of its own. */
export interface NetworkInterface {
  readonly name: string;
  /** Lower-case, with colons. */
  readonly mac: string;
  readonly isWireless: boolean;
  /** The system says that the device itself brings this address: nobody has set it, and it was not made up. */
  readonly isPermanent: boolean;
  /** It can be carried to another host, as one at a USB port can. */
  readonly isRemovable: boolean;
}

/** Names of what is no hardware of the host: bridges, tunnels and links of containers, virtual machines and networks. */
const notHardware =
  /^(lo\d*$|docker|br-|br\d|bridge|veth|cni|flannel|cali|tun|tap|wg|tailscale|utun|ppp|zt|vboxnet|vmnet|virbr|vnet|vethernet|awdl|llw|anpi|ap\d|gif|stf|dummy|ifb|bond|team|kube|nodelocaldns|lxc|lxd|podman|ipsec|sit|epair|vlan|enc\d|pflog|pfsync)/i;

export function isHardwareName(name: string): boolean {
  return !notHardware.test(name);
}

/** Lower-case with colons; null for what is no address of a single device: zeros, ones, or one of a group. */
export function readMac(text: string | null | undefined): string | null {
  const digits = text?.trim().toLowerCase().replaceAll(/[:.-]/g, "") ?? "";
  if (!/^[0-9a-f]{12}$/.test(digits) || /^(0{12}|f{12})$/.test(digits)) return null;
  if ((Number.parseInt(digits.slice(0, 2), 16) & 0x01) !== 0) return null;
  return digits.replaceAll(/(..)(?=.)/g, "$1:");
}

/** Given by the maker of the device, so that no other has it; else set by a program, at random or by a rule. */
export function isUniversal(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 0x02) === 0;
}
