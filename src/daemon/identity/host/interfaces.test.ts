import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { isHardwareName, readMac } from "./interfaces.ts";
import { readHost } from "./read-host.ts";
import { linuxHost, readersOf, type SimulatedHost } from "./simulated-host.fixture.ts";

const known = async (host: SimulatedHost) => {
  const { fallback, wired } = await readHost(readersOf(host), null);
  return { mac: fallback?.id ?? null, wired };
};

test("bridges, tunnels and links of containers and virtual machines are no hardware, and network cards are", () => {
  for (const name of [
    "lo",
    "lo0",
    "docker0",
    "br-1a2b3c",
    "br0",
    "bridge100",
    "veth9f2",
    "cni0",
    "flannel.1",
    "cali12ab",
    "tun0",
    "tap1",
    "wg0",
    "tailscale0",
    "utun3",
    "ppp0",
    "ztabcdef",
    "vboxnet0",
    "vmnet8",
    "virbr0",
    "vEthernet (WSL)",
    "awdl0",
    "llw0",
    "anpi1",
    "ap1",
    "gif0",
    "stf0",
    "dummy0",
    "bond0",
    "enc0",
    "pflog0",
  ])
    assert.equal(isHardwareName(name), false, name);
  for (const name of [
    "eth0",
    "en0",
    "eno1",
    "enp3s0",
    "enx001122334455",
    "wlan0",
    "wlp2s0",
    "em0",
    "igb1",
    "re0",
    "Ethernet 2",
    "WLAN",
  ])
    assert.equal(isHardwareName(name), true, name);
});

test("an address is one device's: zeros, ones, groups and nonsense are none", () => {
  assert.equal(readMac(" 3C-22-FB-01-02-03\r\n"), "3c:22:fb:01:02:03");
  assert.equal(readMac("3c22.fb01.0203"), "3c:22:fb:01:02:03");
  for (const none of ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "3c:22:fb:01:02", "", "x", null])
    assert.equal(readMac(none), null);
});

describe("Linux", () => {
  it("takes a wire before a radio, then the lowest name, and only what the device brought itself", async () => {
    const nics = [
      { name: "ath0", mac: "00:11:22:00:00:01", isWireless: true },
      { name: "enp10s0", mac: "00:11:22:00:00:10" },
      { name: "enp9s0", mac: "00:11:22:00:00:09" },
      { name: "enp1s0", mac: "00:11:22:00:00:02", assigned: 3 as const },
      { name: "enp2s0", mac: "02:11:22:00:00:03" },
      { name: "enx0", mac: "00:11:22:00:00:04", bus: "usb" as const },
      { name: "docker0", mac: "00:11:22:00:00:05", bus: "software" as const },
      { name: "eth0", mac: "00:11:22:00:00:06", bus: "software" as const },
    ];
    assert.deepEqual(await known(linuxHost({ machineId: null, nics })), {
      mac: "00:11:22:00:00:09",
      wired: ["00:11:22:00:00:09", "00:11:22:00:00:10"],
    });
    const [radio = { name: "", mac: "" }] = nics;
    assert.deepEqual(await known(linuxHost({ machineId: null, nics: [radio] })), {
      mac: "00:11:22:00:00:01",
      wired: [],
    });
  });

  it("knows the address of a virtual machine's wire, which KVM gives it, though no maker did", async () => {
    const nics = [{ name: "ens3", mac: "52:54:00:12:34:56" }];
    assert.deepEqual(await known(linuxHost({ machineId: null, nics })), { mac: null, wired: ["52:54:00:12:34:56"] });
  });
});

const ports = "/usr/sbin/networksetup -listallhardwareports";
const portsPrinted = `
Hardware Port: Ethernet Adapter (en4)
Device: en4
Ethernet Address: be:d0:74:11:22:33

Hardware Port: Ethernet
Device: en0
Ethernet Address: 3c:22:fb:01:02:03

Hardware Port: Wi-Fi
Device: en1
Ethernet Address: 3c:22:fb:0a:0b:0c

Hardware Port: USB 10/100/1000 LAN
Device: en7
Ethernet Address: 00:e0:4c:68:01:02

Hardware Port: Thunderbolt Bridge
Device: bridge0
Ethernet Address: 36:d6:42:00:00:00

VLAN Configurations
===================
`;

test("macOS tells the address of the hardware, and Wi-Fi is none of the wires", async () => {
  const host = (printed: string): SimulatedHost => ({ platform: "darwin", programs: { [ports]: printed } });
  const expected = { mac: "3c:22:fb:01:02:03", wired: ["3c:22:fb:01:02:03"] };
  assert.deepEqual(await known(host(portsPrinted)), expected);
  assert.deepEqual(await known(host(portsPrinted.replaceAll("\n", "\r\n"))), expected);
  const laptop = portsPrinted.replace(/Hardware Port: Ethernet\n(.+\n)+\n/, "");
  assert.deepEqual(await known(host(laptop)), { mac: "3c:22:fb:0a:0b:0c", wired: [] });
  // A radio under a name of another language is no wire.
  assert.deepEqual((await known(host(laptop.replace("Wi-Fi", "WLAN")))).wired, []);
  for (const printed of ["", "Hardware Port: Ethernet\nDevice: en0\n", "networksetup: no such tool"])
    assert.deepEqual(await known(host(printed)), { mac: null, wired: [] });
});

const shell =
  "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -NoProfile -NonInteractive -Command Get-NetAdapter | Select-Object Name,PermanentAddress,NdisPhysicalMedium,HardwareInterface,Virtual,PnPDeviceID | ConvertTo-Csv -NoTypeInformation";
const adapters = [
  '"Name","PermanentAddress","NdisPhysicalMedium","HardwareInterface","Virtual","PnPDeviceID"',
  '"Ethernet","3C22FB010203","14","True","False","PCI\\VEN_8086&DEV_15F3&SUBSYS_0000\\3&11583659"',
  '"WLAN, 2. Stock","3C22FB0A0B0C","9","True","False","PCI\\VEN_8086&DEV_2723"',
  '"Ethernet 3","00E04C680102","14","True","False","USB\\VID_0BDA&PID_8153\\000001"',
  '"vEthernet (Default Switch)","00155D000001","0","False","True","ROOT\\VMS_MP\\0000"',
  '"Bluetooth","3C22FB0A0B0D","10","True","False","BTH\\MS_BTHPAN\\6"',
];

test("Windows tells media by number, so that its language does not matter", async () => {
  const host = (lines: readonly string[], end = "\r\n"): SimulatedHost => ({
    platform: "win32",
    programs: { [shell]: `\uFEFF${lines.join(end)}${end}` },
  });
  const expected = { mac: "3c:22:fb:01:02:03", wired: ["3c:22:fb:01:02:03"] };
  assert.deepEqual(await known(host(adapters)), expected);
  assert.deepEqual(await known(host(adapters, "\n")), expected);
  const [head = "", wire = "", ...rest] = adapters;
  const turned = [head, wire].map((line) => line.split(",").reverse().join(","));
  assert.deepEqual(await known(host(turned)), expected, "columns in another order");
  assert.deepEqual(await known(host([head, wire.replace('"14"', '"0"')])), expected, "of a virtual machine");
  assert.deepEqual(await known(host([head, ...rest])), { mac: "3c:22:fb:0a:0b:0c", wired: [] });
  assert.deepEqual(await known(host(['"Name","MacAddress"', '"Ethernet","3C22FB010203"'])), { mac: null, wired: [] });
  assert.deepEqual(await known(host(["Get-NetAdapter : Die Benennung wurde nicht erkannt."])), {
    mac: null,
    wired: [],
  });
});

const bsdPrinted = {
  freebsd: `em0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\toptions=48505bb<RXCSUM,TXCSUM,VLAN_MTU>
\tether 02:01:02:03:04:05
\thwaddr 3c:22:fb:01:02:03
\tinet 192.168.1.5 netmask 0xffffff00 broadcast 192.168.1.255
\tmedia: Ethernet autoselect (1000baseT <full-duplex>)
\tstatus: active
ue0: flags=8843<UP,BROADCAST> metric 0 mtu 1500
\tether 00:e0:4c:68:01:02
\tmedia: Ethernet autoselect (100baseTX <full-duplex>)
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> metric 0 mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
wlan0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tether 3c:22:fb:0a:0b:0c
\tgroups: wlan
\tssid home channel 36 (5180 MHz 11a)
\tmedia: IEEE 802.11 Wireless Ethernet OFDM/24Mbps mode 11a
bridge0: flags=8843<UP,BROADCAST> metric 0 mtu 1500
\tether 58:9c:fc:10:ff:e1
`,
  openbsd: `em0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tlladdr 3c:22:fb:01:02:03
\tmedia: Ethernet autoselect (1000baseT full-duplex)
iwm0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500
\tlladdr 3c:22:fb:0a:0b:0c
\tmedia: IEEE802.11 autoselect
\tieee80211: nwid ""
`,
  netbsd: `wm0: flags=0x8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\taddress: 3c:22:fb:01:02:03
\tmedia: Ethernet autoselect (1000baseT full-duplex)
tap0: flags=0x8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500
\taddress: 00:0b:ad:00:00:01
\tmedia: Ethernet autoselect
`,
};

test("the BSDs tell an address each in its own words, and the device's own before one that was set", async () => {
  for (const [platform, printed] of Object.entries(bsdPrinted)) {
    for (const text of [printed, printed.replaceAll("\n", "\r\n")]) {
      const host = { platform, programs: { "/sbin/ifconfig -a": text } };
      assert.deepEqual(await known(host), { mac: "3c:22:fb:01:02:03", wired: ["3c:22:fb:01:02:03"] }, platform);
    }
  }
  const junk = { platform: "freebsd", programs: { "/sbin/ifconfig -a": "\u0000\u0001\u0002".repeat(50_000) } };
  assert.deepEqual(await known(junk), { mac: null, wired: [] });
});
