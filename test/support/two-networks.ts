import { execFile } from "node:child_process";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { onEnd } from "./on-end.ts";

const run = promisify(execFile);

/** One of two hosts on a cable between them: a network namespace with an interface and an address of its own. */
export interface NetworkHost {
  /** Words that run a command on it. */
  readonly within: readonly string[];
  readonly address: string;
  /** Gives it another address and takes the present one away. */
  moveTo(address: string): Promise<void>;
  /** Throws away what it sends to `address`, without a word to anybody: to the other side it is just silent. */
  loseTo(address: string): Promise<void>;
  /** Sends to `address` again. */
  reachAgain(address: string): Promise<void>;
}

/** Needs root and Debian's iproute2. Both hosts are gone when the test ends. */
export async function twoNetworks(t: TestContext): Promise<readonly [NetworkHost, NetworkHost]> {
  const names = [`cm-a-${process.pid}`, `cm-b-${process.pid}`] as const;
  const cable = names.map((name) => `${name.slice(0, 4)}${process.pid}`);
  for (const name of names) {
    await ip("netns", "add", name);
    onEnd(t, () => ip("netns", "del", name));
    await ip("-n", name, "link", "set", "lo", "up");
  }
  await ip(
    "link",
    "add",
    cable[0] ?? "",
    "netns",
    names[0],
    "type",
    "veth",
    "peer",
    "name",
    cable[1] ?? "",
    "netns",
    names[1],
  );
  return [await host(names[0], cable[0] ?? "", "10.77.0.1"), await host(names[1], cable[1] ?? "", "10.77.0.2")];
}

async function host(namespace: string, cable: string, first: string): Promise<NetworkHost> {
  let address = first;
  const here = (...words: string[]): Promise<unknown> => ip("-n", namespace, ...words);
  await here("addr", "add", `${address}/24`, "dev", cable);
  await here("link", "set", cable, "up");
  return {
    within: ["ip", "netns", "exec", namespace],
    get address() {
      return address;
    },
    async moveTo(next) {
      // In this order: a second address of the same network would go together with the first.
      await here("addr", "del", `${address}/24`, "dev", cable);
      await here("addr", "add", `${next}/24`, "dev", cable);
      address = next;
    },
    loseTo: async (other) => void (await here("route", "add", "blackhole", `${other}/32`)),
    reachAgain: async (other) => void (await here("route", "del", "blackhole", `${other}/32`)),
  };
}

async function ip(...words: string[]): Promise<unknown> {
  try {
    return await run("ip", words);
  } catch (thrown) {
    throw new Error(`ip ${words.join(" ")}: ${String(thrown)} (needs root and iproute2)`);
  }
}
