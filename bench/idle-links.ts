/**
 * Memory of a broker with many idle daemons: every link opened by the protocol's own opening, each a member of one
 * mesh, then nothing but pings. Resident set of the broker's process when the last link is open and after a rest.
 * `node bench/idle-links.ts [--store sqlite|postgres] [--links 2000] [--rest-ms 30000]`
 */
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectPeer, type Identity, type Peer } from "../src/broker/testing/peer.ts";
import { startBrokerProcess } from "./broker-process.ts";
import { machine } from "./ceilings.ts";
import { isMain, printTable } from "./figures.ts";
import { addMember, createMesh } from "./link-load.ts";
import { startPostgres } from "./postgres.ts";

export interface IdleLinksFigures {
  readonly emptyMb: number;
  readonly openedMb: number;
  readonly restedMb: number;
  readonly mostMb: number;
  readonly openingsPerSecond: number;
}

/** Openings under way at a time; a broker takes a bounded number that have not proven who they are. */
const openingsAtOnce = 16;

export async function measureIdleLinks(
  databaseUrl: string | null,
  options: { readonly links: number; readonly restMs: number },
): Promise<IdleLinksFigures> {
  const broker = await startBrokerProcess({ kind: databaseUrl === null ? "sqlite" : "postgres", databaseUrl });
  const peers: Peer[] = [];
  const identities: Identity[] = [];
  try {
    const meshId = await createMesh(broker, "bench");
    for (let link = 0; link < options.links; link += 1)
      identities.push(await addMember(broker, meshId, `idle-${link}`));
    const emptyMb = broker.residentMb().now;
    const start = performance.now();
    const open = async (): Promise<void> => {
      for (let identity = identities.pop(); identity !== undefined; identity = identities.pop()) {
        const peer = await connectPeer({ url: broker.url, meshId, identity });
        // What a mesh of this size tells each of its links would fill this process, not the broker's.
        peer.socket.removeAllListeners("message").on("message", () => undefined);
        peers.push(peer);
      }
    };
    await Promise.all(Array.from({ length: openingsAtOnce }, open));
    const seconds = (performance.now() - start) / 1_000;
    const openedMb = broker.residentMb().now;
    await pause(options.restMs);
    const { now, most } = broker.residentMb();
    return { emptyMb, openedMb, restedMb: now, mostMb: most, openingsPerSecond: options.links / seconds };
  } finally {
    for (const peer of peers) peer.socket.terminate();
    await broker.stop();
  }
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      store: { type: "string", default: "postgres" },
      links: { type: "string", default: "2000" },
      "rest-ms": { type: "string", default: "30000" },
    },
  });
  const server = values.store === "postgres" ? await startPostgres() : null;
  try {
    process.stdout.write(`${machine()}, ${values.store}\n`);
    const databaseUrl = server === null ? null : (await server.createDatabase("bench")).url;
    const options = { links: Number(values.links), restMs: Number(values["rest-ms"]) };
    const figures = await measureIdleLinks(databaseUrl, options);
    printTable(
      [`${options.links} idle links`, "broker, resident"],
      [
        ["without links", `${figures.emptyMb.toFixed(0)} MB`],
        ["all open", `${figures.openedMb.toFixed(0)} MB`],
        [`after ${options.restMs / 1_000} s`, `${figures.restedMb.toFixed(0)} MB`],
        ["most ever", `${figures.mostMb.toFixed(0)} MB`],
        ["openings", `${figures.openingsPerSecond.toFixed(0)} /s`],
      ],
    );
  } finally {
    await server?.stop();
  }
}
