import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it, test } from "node:test";
import { createManualClock } from "../../../base/manual-clock.fixture.ts";
import { hostHash } from "./fingerprint.ts";
import { usableId } from "./junk-ids.ts";
import { osTable } from "./os-table.ts";
import { readHost } from "./read-host.ts";
import { systemReaders } from "./readers.ts";
import { linuxHost, readersOf, type SimulatedHost } from "./simulated-host.fixture.ts";

const id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
const other = "7f3c0a5c9e1d4b6f8a2e4c6d8e0f1a2b";
const uuid = "564D1E7B-2C3F-8A9B-4C5D-6E7F8A9B0C1D";
const uuidDigits = "564d1e7b2c3f8a9b4c5d6e7f8a9b0c1d";

const read = async (host: SimulatedHost, override: string | null = null) =>
  (await readHost(readersOf(host), override)).ids.map(({ source, namespace, id: value }) => [source, namespace, value]);

describe("Linux", () => {
  it("is known by /etc/machine-id, then D-Bus's, then the board's id", async () => {
    const files = { "/var/lib/dbus/machine-id": `${other}\n`, "/sys/class/dmi/id/product_uuid": `${uuid}\n` };
    assert.deepEqual(await read(linuxHost({ machineId: id, files })), [
      ["machine-id", "linux", id],
      ["dbus-machine-id", "linux", other],
      ["product-uuid", "linux", uuidDigits],
    ]);
    assert.deepEqual((await read(linuxHost({ machineId: null, files })))[0], ["dbus-machine-id", "linux", other]);
  });

  it("has no id in an image that waits for its first boot, or in one that was made ready for copying", async () => {
    for (const machineId of [
      "",
      "uninitialized",
      "\n",
      "0".repeat(32),
      "f".repeat(32),
      id.slice(1),
      `${id}${id}`,
      "\u0000\u0001",
      "x".repeat(70_000),
    ])
      assert.deepEqual(await read(linuxHost({ machineId })), [], machineId.slice(0, 40));
  });

  it("is not known by an id that systemd made up for this boot alone, and is by one that a container is given", async () => {
    const mounted = (type: string, root: string) => ({
      "/proc/self/mountinfo": `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n36 22 0:24 ${root} /etc/machine-id ro,relatime - ${type} ${type} rw\n`,
    });
    assert.deepEqual(await read(linuxHost({ machineId: id, files: mounted("tmpfs", "/machine-id") })), []);
    assert.deepEqual(await read(linuxHost({ machineId: id, files: mounted("ext4", "/etc/machine-id") })), [
      ["machine-id", "linux", id],
    ]);
  });

  it("reads the same id from whatever line ends and marks are around it", async () => {
    for (const machineId of [`${id}\r`, `  ${id}  `, id.toUpperCase(), `\uFEFF${id}`, `${id}\0\0`])
      assert.deepEqual(await read(linuxHost({ machineId })), [["machine-id", "linux", id]]);
  });
});

const ioreg = "/usr/sbin/ioreg -rd1 -c IOPlatformExpertDevice";
const ioregPrinted = `+-o J314sAP  <class IOPlatformExpertDevice, id 0x100000227, registered, matched, active, busy 0 (17083 ms), retain 39>
    {
      "IOPolledInterface" = "AppleARMWatchdogTimerHibernateHandler is not serializable"
      "#address-cells" = <02000000>
      "serial-number" = <4639433400000000000000000000000000000000000000>
      "IOBusyInterest" = "IOCommand is not serializable"
      "target-type" = <4a33313473000000>
      "IOPlatformSerialNumber" = "F9C4XXXXXX"
      "compatible" = <4a3331347341500041524d2d706c6174666f726d00>
      "IOPlatformUUID" = "${uuid}"
      "manufacturer" = <"Apple Inc.">
    }
    
`;

describe("macOS", () => {
  it("is known by IOPlatformUUID", async () => {
    const host = (printed: string): SimulatedHost => ({ platform: "darwin", programs: { [ioreg]: printed } });
    assert.deepEqual(await read(host(ioregPrinted)), [["io-platform-uuid", "darwin", uuidDigits]]);
    assert.deepEqual(await read(host(ioregPrinted.replaceAll("\n", "\r\n"))), [
      ["io-platform-uuid", "darwin", uuidDigits],
    ]);
    // As the tree is printed without -r, with the marks of the tree before every line.
    assert.deepEqual(await read(host(`  | {\n  |   "IOPlatformUUID" = "${uuid}"\n  | }\n`)), [
      ["io-platform-uuid", "darwin", uuidDigits],
    ]);
  });

  it("has none where ioreg says nothing of it, or nonsense", async () => {
    for (const printed of [
      "",
      ioregPrinted.replace(/.*IOPlatformUUID.*\n/, ""),
      ioregPrinted.replace(uuid, ""),
      ioregPrinted.replace(uuid, "00000000-0000-0000-0000-000000000000"),
      `"Other" = "\\"IOPlatformUUID\\" = \\"${uuid}\\""`,
      "\u0000".repeat(100_000),
    ])
      assert.deepEqual(await read({ platform: "darwin", programs: { [ioreg]: printed } }), []);
    assert.deepEqual(await read({ platform: "darwin" }), []);
  });
});

const regLine = (root: string): string =>
  `${root}\\System32\\reg.exe query HKLM\\SOFTWARE\\Microsoft\\Cryptography /v MachineGuid /reg:64`;
const regPrinted = `\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\r\n    MachineGuid    REG_SZ    ${uuid.toLowerCase()}\r\n\r\n`;

describe("Windows", () => {
  it("is known by MachineGuid, asked of the system's own reg.exe in the 64-bit view", async () => {
    const host = (root: string, printed: string): SimulatedHost => ({
      platform: "win32",
      variables: { SystemRoot: root },
      programs: { [regLine(root)]: printed },
    });
    assert.deepEqual(await read(host("C:\\Windows", regPrinted)), [["machine-guid", "windows", uuidDigits]]);
    assert.deepEqual(await read(host("D:\\Win NT", regPrinted)), [["machine-guid", "windows", uuidDigits]]);
    // Some tools that write images put it in braces.
    assert.deepEqual(await read(host("C:\\Windows", regPrinted.replace(uuid.toLowerCase(), `{${uuid}}`))), [
      ["machine-guid", "windows", uuidDigits],
    ]);
  });

  it("has none where reg.exe says that there is none, in any language, or names another value", async () => {
    for (const printed of [
      "FEHLER: Der angegebene Registrierungsschlüssel bzw. Wert wurde nicht gefunden.\r\n",
      "ERROR: The system was unable to find the specified registry key or value.\r\n",
      regPrinted.replace("MachineGuid ", "OldMachineGuid "),
      regPrinted.replace("REG_SZ", "REG_BINARY"),
    ])
      assert.deepEqual(await read({ platform: "win32", programs: { [regLine("C:\\Windows")]: printed } }), [], printed);
  });

  it("believes no variable that would have another program run", async () => {
    for (const root of ["", "Windows", "\\\\server\\share", "C:", 'C:\\a"b', "..\\Windows", "/tmp"]) {
      const readers = readersOf({ platform: "win32", variables: { SystemRoot: root } });
      await readHost(readers, null);
      assert.ok(readers.asked.length > 0);
      for (const line of readers.asked) assert.ok(line.startsWith("C:\\Windows\\System32\\"), line);
    }
  });
});

test("the BSDs are known by the kernel's id of the host, under each one's own name", async () => {
  for (const [platform, name] of [
    ["freebsd", "kern.hostuuid"],
    ["openbsd", "hw.uuid"],
    ["netbsd", "machdep.dmi.system-uuid"],
  ] as const) {
    const programs = { [`/sbin/sysctl -n ${name}`]: `${uuid.toLowerCase()}\n` };
    assert.deepEqual(await read({ platform, programs }), [[name, "bsd", uuidDigits]]);
  }
  // A jail, or a board without one.
  const none = { "/sbin/sysctl -n kern.hostuuid": "00000000-0000-0000-0000-000000000000\n" };
  assert.deepEqual(await read({ platform: "freebsd", programs: none }), []);
});

test("ids that many hosts have are none", () => {
  for (const junk of [
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "11111111-1111-1111-1111-111111111111",
    "12345678-1234-5678-90AB-CDDEEFAABBCC",
    "Not Settable",
    "Not Present",
    "To be filled by O.E.M.",
    "Default string",
    "uninitialized",
    "n/a",
    "",
  ])
    assert.equal(usableId(junk), null, junk);
  assert.equal(usableId(uuid), uuidDigits);
});

test("an id that was set comes before the host's own, and the same id is another host in another system", async () => {
  const ids = await read(linuxHost({ machineId: id }), "rack-7");
  assert.deepEqual(ids[0], ["override", "override", "rack-7"]);
  assert.notEqual(hostHash("linux", id), hostHash("bsd", id));
  assert.notEqual(hostHash("linux", id), hostHash("linu", `x${id}`));
  assert.match(hostHash("linux", id), /^[0-9a-f]{64}$/);
});

test("another source is a function and a row", async () => {
  const row = {
    platforms: ["plan9"],
    namespace: "plan9",
    sources: [{ name: "sysname", read: async () => "0123456789abcdef0123456789abcdee" }],
    interfaces: async () => [],
  };
  const facts = await readHost(readersOf({ platform: "plan9" }), null, [...osTable, row]);
  assert.deepEqual(facts.ids, [{ source: "sysname", namespace: "plan9", id: "0123456789abcdef0123456789abcdee" }]);
});

test("no two sources have one name, and no platform two rows", () => {
  const names = osTable.flatMap(({ sources }) => sources.map(({ name }) => name));
  const platforms = osTable.flatMap((row) => row.platforms);
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(platforms).size, platforms.length);
  for (const name of names) assert.ok(!["override", "mac", "random"].includes(name));
});

describe("the readers of this host", () => {
  it("answer nothing for what is not there, cannot be read, fails, or prints too much", async () => {
    const readers = systemReaders();
    assert.equal(await readers.readFile("/nowhere/at/all"), null);
    assert.equal(await readers.readFile("/"), null);
    assert.equal(await readers.list("/nowhere/at/all"), null);
    assert.equal(await readers.run("/nowhere/at/all", []), null);
    assert.equal(await readers.run(process.execPath, ["-e", "process.exit(3)"]), null);
    assert.equal(await readers.run(process.execPath, ["-e", "process.stdout.write('x'.repeat(3_000_000))"]), null);
  });

  it("run the system's programs in English, and give them nothing that was meant for this one", async (t) => {
    process.env["CLAUDEMESH_BACKUP_PASSPHRASE"] = "a word";
    t.after(() => delete process.env["CLAUDEMESH_BACKUP_PASSPHRASE"]);
    const says =
      "const { LC_ALL, CLAUDEMESH_BACKUP_PASSPHRASE: word } = process.env; process.stdout.write(LC_ALL + word)";
    assert.equal(await systemReaders().run(process.execPath, ["-e", says]), "Cundefined");
  });

  it("do not wait for a source that never answers", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "cm-readers-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, "pipe");
    await promisify(execFile)("mkfifo", [pipe]);
    const clock = createManualClock();
    const reading = systemReaders(clock).readFile(pipe);
    clock.advance(2_000);
    assert.equal(await reading, null);
    // Lets the reader go, which opening a pipe that nobody writes to holds up.
    await writeFile(pipe, "");
  });
});
