/** The program of a broker-process.ts: one broker until it is told to stop, which tells where it listens. */
import { createServer } from "node:http";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { everyFingerprint } from "../src/broker/accept/fingerprint-policy.ts";
import { createBroker } from "../src/broker/broker.ts";
import { defaultBrokerLimits } from "../src/broker/broker-limits.ts";
import { composeLinkParts } from "../src/broker/compose-link-parts.ts";
import { noBus } from "../src/broker/fleet/bus.ts";
import { loadDeploymentKey } from "../src/broker/deployment-key.ts";
import { createLinkServer } from "../src/broker/link/link-server.ts";
import { createBrokerMetrics } from "../src/broker/metrics.ts";
import type { BrokerStore } from "../src/broker/store/store.ts";
import type { ServeOptions } from "./broker-process.ts";
import { complaints, openStore } from "./open-store.ts";
import { createNaiveAccepter } from "./rivals/naive-accepter.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as ServeOptions;
const { dataDir, databaseUrl, limits } = options;
const directory = options.kind === "naive" ? openStore({ dataDir, databaseUrl }) : null;
const broker = createBroker({
  dataDir,
  listen: { host: "127.0.0.1", port: 0 },
  clock: systemClock,
  log: complaints,
  limits,
  databaseUrl,
  ...(directory === null ? {} : { store: directory }),
});
await broker.start();
const naive = directory === null ? null : await listenNaively(directory);
// Told to stop, or left by a measurement that ended without a word.
process.once("message", () => process.disconnect());
process.once("disconnect", () => void stop());
async function stop(): Promise<void> {
  await naive?.stop();
  await broker.stop();
}
process.send?.({ url: naive?.url ?? broker.url, adminSocket: broker.adminSocket });

/** Our own link server with another accept path behind it; meshes and members are made over the broker's socket. */
async function listenNaively(directory: BrokerStore): Promise<{ url: string; stop(): Promise<void> }> {
  if (databaseUrl === null) throw new Error("the naive broker needs a database");
  const authorities = new Set<string>();
  const accepter = createNaiveAccepter(databaseUrl);
  const links = createLinkServer({
    ...composeLinkParts({
      store: directory,
      clock: systemClock,
      log: complaints,
      metrics: createBrokerMetrics(),
      limits: { ...defaultBrokerLimits, ...limits },
      // Its accept path asks none.
      bus: noBus,
      limiter: { take: async () => [], committed: () => undefined },
      key: loadDeploymentKey(join(dataDir, "deployment_key.json"), { isFirstStart: false, now: systemClock.now() }),
      dedupe: { mode: "retention_scoped", retentionDays: 365 },
      fingerprints: everyFingerprint,
      behindProxy: false,
      listeners: () => null,
      fatal: (error) => complaints.error({ code: error.code }, error.message),
    }),
    accepter,
    authorities: () => authorities,
  });
  const server = createServer().on("upgrade", (request, socket, head) => links.upgrade(request, socket, head, null));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  authorities.add(`127.0.0.1:${port}`);
  return {
    url: `ws://127.0.0.1:${port}/v1/link`,
    async stop() {
      await links.stop();
      server.close();
      await accepter.stop();
    },
  };
}
