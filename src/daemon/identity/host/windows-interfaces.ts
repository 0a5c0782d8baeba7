import { isHardwareName, type NetworkInterface, readMac } from "./interfaces.ts";
import type { HostReaders } from "./readers.ts";
import { systemFolder } from "./system-folder.ts";

const fields = [
  "Name",
  "PermanentAddress",
  "NdisPhysicalMedium",
  "HardwareInterface",
  "Virtual",
  "PnPDeviceID",
] as const;
const question = `Get-NetAdapter | Select-Object ${fields.join(",")} | ConvertTo-Csv -NoTypeInformation`;
/** NDIS's 802.3, and "unspecified", as cards of virtual machines say. Names of media are told in the user's language, numbers are not. */
const wiredMedia = new Set(["14", "0"]);

/** By PowerShell's Get-NetAdapter. It often takes longer than is waited for, and then there is nothing to compare. */
export async function windowsInterfaces(readers: HostReaders): Promise<readonly NetworkInterface[]> {
  const shell = `${systemFolder(readers)}\\WindowsPowerShell\\v1.0\\powershell.exe`;
  const printed = (await readers.run(shell, ["-NoProfile", "-NonInteractive", "-Command", question])) ?? "";
  const [head, ...rows] = printed
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map(csvFields);
  if (head === undefined) return [];
  return rows.flatMap((row) => {
    const field = (name: (typeof fields)[number]): string => row[head.indexOf(name)] ?? "";
    const mac = readMac(field("PermanentAddress"));
    const isReal = field("HardwareInterface").toLowerCase() === "true" && field("Virtual").toLowerCase() !== "true";
    if (mac === null || !isReal || !isHardwareName(field("Name"))) return [];
    return [
      {
        name: field("Name"),
        mac,
        isWireless: !wiredMedia.has(field("NdisPhysicalMedium")),
        isPermanent: true,
        isRemovable: /^(USB|BTH)/i.test(field("PnPDeviceID")),
      },
    ];
  });
}

/** A line of quoted fields; a quote inside one is written twice. */
function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, bare]) =>
    (quoted ?? bare ?? "").replaceAll('""', '"').trim(),
  );
}
