import type { Service } from "../../base/service.ts";
import type { LinkParts } from "../link/link-parts.ts";
import { hear } from "./hear.ts";
import { createSweep } from "./sweep.ts";

/** This broker among those over the same store: what it hears of them, and what it looks for itself. */
export interface Fleet extends Service {
  /** Brokers that are alive, this one included. */
  liveBrokers(): number;
  /** Whether this broker does what one of them must do. */
  eldest(): boolean;
}

export function createFleet(parts: LinkParts): Fleet {
  const { bus, store } = parts;
  const sweep = store.shared === null ? null : createSweep({ ...parts, shared: store.shared });
  return {
    async start() {
      bus.listen((message) => hear(message, parts));
      await bus.start();
      await sweep?.start();
    },
    async stop() {
      await sweep?.stop();
    },
    liveBrokers: () => sweep?.liveBrokers() ?? 1,
    eldest: () => sweep?.eldest() ?? true,
  };
}
