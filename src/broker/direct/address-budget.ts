import { clampArrival, rateOf, waitUs } from "../limit/gcra.ts";

/** Failures by address. An address over its limit is told to wait; one that was quiet long enough is forgotten. */
export interface AddressBudget {
  /** Milliseconds until one more may fail; 0: now. */
  waitMs(address: string, now: number): number;
  failed(address: string, now: number): void;
}

export function createAddressBudget(limits: {
  readonly perSecond: number;
  readonly burst: number;
  /** The oldest give way. */
  readonly addressesMax: number;
}): AddressBudget {
  const rate = rateOf(limits.perSecond, limits.burst);
  const arrivals = new Map<string, number>();
  const arrivalOf = (address: string, nowUs: number): number => clampArrival(arrivals.get(address), nowUs, rate);
  return {
    waitMs(address, now) {
      const nowUs = now * 1_000;
      return Math.ceil(waitUs(arrivalOf(networkOf(address), nowUs), nowUs, rate) / 1_000);
    },
    failed(address, now) {
      const network = networkOf(address);
      // An empty budget is the worst: what fails while told to wait makes nobody wait for longer.
      const arrival = Math.min(arrivalOf(network, now * 1_000) + rate.intervalUs, now * 1_000 + rate.leadMaxUs);
      arrivals.delete(network);
      arrivals.set(network, arrival);
      if (arrivals.size <= limits.addressesMax) return;
      for (const oldest of arrivals.keys()) {
        arrivals.delete(oldest);
        return;
      }
    },
  };
}

/** An IPv4 address as it is; of IPv6 the 64 bits that one site has, since whoever has them has all addresses below. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(":")) return address;
  const [before = "", after] = address.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  return [...head, ...Array<string>(zeros).fill("0"), ...tail].slice(0, 4).join(":");
}
