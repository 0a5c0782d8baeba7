import { usableId } from "./junk-ids.ts";
import type { HostReaders } from "./readers.ts";
import { systemFolder } from "./system-folder.ts";

const key = "HKLM\\SOFTWARE\\Microsoft\\Cryptography";

/** Made at the installation of Windows. In the 64-bit view: a 32-bit program would see another part of the registry. */
export async function machineGuid(readers: HostReaders): Promise<string | null> {
  const reg = `${systemFolder(readers)}\\reg.exe`;
  const printed = await readers.run(reg, ["query", key, "/v", "MachineGuid", "/reg:64"]);
  return usableId(/^\s*MachineGuid\s+REG_SZ\s+(\S+)\s*$/m.exec(printed ?? "")?.[1] ?? null);
}
