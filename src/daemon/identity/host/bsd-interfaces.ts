import { isHardwareName, type NetworkInterface, readMac } from "./interfaces.ts";
import type { HostReaders } from "./readers.ts";

/** Drivers of adapters at a USB port. */
const usbDriver =
  /^(ue|axe|axen|aue|cdce|cue|kue|mos|mue|rue|smsc|udav|upl|ure|url|urndis|usie|umb|run|rsu|urtw|urtwn|zyd|otus|athn_usb|ural|rum)\d/;

/**
 * `ifconfig -a` of the BSDs. The address is `ether` or, where somebody changed it, `hwaddr` (FreeBSD), `lladdr` (OpenBSD),
 * `address:` (NetBSD). What has no `media:` of a wire or of a radio is made of software.
 */
export async function bsdInterfaces(readers: HostReaders): Promise<readonly NetworkInterface[]> {
  const printed = (await readers.run("/sbin/ifconfig", ["-a"])) ?? "";
  return printed
    .replaceAll("\r", "")
    .split(/\n(?=\S)/)
    .flatMap((block) => {
      const name = /^([a-zA-Z][\w.]*\d+): flags=/.exec(block)?.[1];
      const told = (pattern: RegExp): string | null => readMac(pattern.exec(block)?.[1]);
      const own = told(/^\s+hwaddr ([0-9a-f:]+)\s*$/m);
      const mac = own ?? told(/^\s+(?:ether|lladdr|address:) ?([0-9a-f:]+)\s*$/m);
      const medium = /^\s+media: (.+)$/m.exec(block)?.[1] ?? "";
      const isWireless = /802\.?11/.test(medium) || /^\s+(ssid|ieee80211)/m.test(block);
      const isWired = /^Ethernet/i.test(medium) && !isWireless;
      if (name === undefined || mac === null || !isHardwareName(name) || !(isWired || isWireless)) return [];
      return [{ name, mac, isWireless, isPermanent: true, isRemovable: usbDriver.test(name) }];
    });
}
