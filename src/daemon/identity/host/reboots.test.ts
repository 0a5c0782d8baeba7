import assert from "node:assert/strict";
import { test } from "node:test";
import { hostHash } from "./fingerprint.ts";
import { type HostFile, newHostFile } from "./host-file.ts";
import { judgeHost } from "./judge-host.ts";
import { readHost } from "./read-host.ts";
import { linuxHost, readersOf, type SimulatedNic } from "./simulated-host.fixture.ts";

/** The same numbers in every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Machine {
  readonly machineId: string;
  readonly wires: readonly SimulatedNic[];
}

function randomMac(random: () => number, first: number): string {
  const rest = Array.from({ length: 5 }, () => Math.floor(random() * 256));
  return [first, ...rest].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function newMachine(random: () => number): Machine {
  const machineId = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  const wires = Array.from({ length: Math.floor(random() * 3) }, (_, n) => ({
    name: `enp${n}s0`,
    mac: randomMac(random, 0x3c),
  }));
  return { machineId, wires };
}

/** A machine as one of its starts finds it: everything that comes and goes on a real one is drawn anew. */
function started({ machineId, wires }: Machine, random: () => number, isFirst = false) {
  const maybe = (share: number, nic: () => SimulatedNic): SimulatedNic[] => (random() < share ? [nic()] : []);
  const software = (name: string): SimulatedNic => ({
    name,
    mac: randomMac(random, 0x02),
    bus: "software",
    assigned: 3,
  });
  const many = (prefix: string): SimulatedNic[] =>
    Array.from({ length: Math.floor(random() * 5) }, () => software(`${prefix}${Math.floor(random() * 1e6)}`));
  return linuxHost({
    machineId,
    nics: [
      // The kernel may name them in another order, and a card may not be found in time; not at the first start, which is
      // that of whoever sets the machine up.
      ...wires
        .filter(() => isFirst || random() < 0.9)
        .map((wire, n) => ({ ...wire, name: random() < 0.1 ? `eth${n}` : wire.name })),
      // Random to each network, and with some drivers of a beginning that looks like a maker's.
      ...maybe(0.8, () => ({
        name: "wlp2s0",
        mac: randomMac(random, random() < 0.5 ? 0x3c : 0xda),
        assigned: 3,
        isWireless: true,
      })),
      // The dock at home, the dock at work.
      ...maybe(0.5, () => ({ name: "enx0", mac: randomMac(random, 0x00), bus: "usb" })),
      ...maybe(0.5, () => software("docker0")),
      ...many("br-"),
      ...many("veth"),
      ...maybe(0.4, () => software("wg0")),
      ...maybe(0.4, () => software("tailscale0")),
      ...maybe(0.4, () => software("tun0")),
      ...maybe(0.2, () => software("vboxnet0")),
      // A bond or a bridge takes the address of one of its cards, or has it changed.
      ...maybe(0.2, () => ({
        name: "bond0",
        mac: wires[0]?.mac ?? randomMac(random, 0x3c),
        bus: "software",
        assigned: 3,
      })),
    ],
  });
}

test("a thousand starts of ten machines raise no alarm, and every copy on another machine is found out", async () => {
  const random = numbersFrom(20_261_126);
  const machines = Array.from({ length: 10 }, () => newMachine(random));
  for (const machine of machines) {
    let file: HostFile = newHostFile(await readHost(readersOf(started(machine, random, true)), null), 0);
    const hash = hostHash("linux", machine.machineId);
    for (let start = 0; start < 100; start += 1) {
      const verdict = judgeHost(file, await readHost(readersOf(started(machine, random)), null), 0);
      assert.equal(verdict.state, "same", `start ${start} of ${machine.machineId}`);
      assert.equal(verdict.file.version, 2);
      file = verdict.file as HostFile;
      assert.equal(file.hash, hash);
    }
    for (const other of machines.filter((one) => one !== machine)) {
      const verdict = judgeHost(file, await readHost(readersOf(started(other, random)), null), 0);
      assert.equal(verdict.state, "mismatch");
    }
    // A copied virtual machine keeps the id, and has other cards.
    const copy = { machineId: machine.machineId, wires: [{ name: "enp0s0", mac: randomMac(random, 0x3c) }] };
    const met = linuxHost({ machineId: copy.machineId, nics: copy.wires });
    const verdict = judgeHost(file, await readHost(readersOf(met), null), 0);
    assert.equal(verdict.state, file.wiredMacs.length > 0 ? "suspected" : "same");
  }
});
