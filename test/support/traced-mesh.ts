import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { joinBroker } from "../../src/bin/join-broker.ts";
import { createBroker } from "../../src/broker/broker.ts";
import { connect } from "../../src/client/connect.ts";
import { createDaemon } from "../../src/daemon/daemon.ts";

/**
 * A program for the power-cut tests: `traced-mesh FOLDER MESSAGES [PRAGMAS]` runs a broker and the daemons alice and bob
 * on files in FOLDER, sends from one to the other, some at a time, and ends once every message has been delivered.
 */
const [folder = "", messages = "", pragmas] = process.argv.slice(2);
const planted = pragmas === undefined ? {} : { pragmas };
const common = { clock: systemClock, log: silentLog, ...planted };
const dataDir = join(folder, "broker");
const broker = createBroker({ ...common, dataDir, listen: { host: "127.0.0.1", port: 0 } });
await broker.start();
const daemons = [];
for (const name of ["alice", "bob"]) {
  const dir = join(folder, name);
  mkdirSync(dir, { mode: 0o700 });
  await joinBroker({ dir, dataDir, name, role: "member" });
  const daemon = createDaemon({ ...common, dir, http: false });
  await daemon.start();
  daemons.push(daemon);
}
const client = connect({ socketPath: daemons[0]?.socketPath ?? "" });
const linked = new AbortController();
for await (const event of client.events({ after: 0, signal: linked.signal }))
  if (event.event === "link_up") linked.abort();
const bob = (await client.members()).find(({ name }) => name === "bob");
if (bob === undefined) throw new Error("bob is no member");
for (let n = 0; n < Number(messages); n += 4) {
  const group = [n, n + 1, n + 2, n + 3].map((place) => `message-${place}`);
  await Promise.all(group.map((id) => client.send({ to: "@bob", message: id, client_message_id: id })));
}
for (let n = 0; n < Number(messages); n += 1) await client.waitFor(`message-${n}`, "delivered");
client.close();
for (const daemon of daemons) await daemon.stop();
await broker.stop();
