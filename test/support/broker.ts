import { join } from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { type AdminClient, adminClient } from "../../src/bin/admin-client.ts";
import { type Broker, type BrokerOptions, createBroker } from "../../src/broker/broker.ts";
import { type Lifetime, onEnd } from "./on-end.ts";
import { tempFolder } from "./temp-folder.ts";

/** A started broker in this process, on real files and a free port, and its admin socket. */
export interface TestBroker {
  readonly broker: Broker;
  readonly dataDir: string;
  readonly admin: AdminClient;
  /** Stops this one and starts another on the same data: same port, same key. */
  restart(): Promise<TestBroker>;
}

export type TestBrokerOptions = Partial<
  Pick<
    BrokerOptions,
    | "dataDir"
    | "deploymentDir"
    | "authorities"
    | "limits"
    | "dedupe"
    | "features"
    | "files"
    | "fingerprintVersions"
    | "messageRetentionDays"
    | "databaseUrl"
    | "redisUrl"
  >
> & { readonly clock?: Clock; readonly log?: Log };

/** Stopped when the test ends. */
export async function broker(t: Lifetime, options: TestBrokerOptions = {}): Promise<TestBroker> {
  const dataDir = options.dataDir ?? join(tempFolder(t), "broker");
  const started = createBroker({
    clock: systemClock,
    log: silentLog,
    listen: { host: "127.0.0.1", port: 0 },
    ...options,
    dataDir,
  });
  onEnd(t, () => started.stop());
  await started.start();
  return {
    broker: started,
    dataDir,
    admin: adminClient(dataDir),
    async restart() {
      await started.stop();
      return broker(t, { ...options, dataDir });
    },
  };
}
