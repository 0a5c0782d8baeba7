import { join } from "node:path";
import { inboxAt, me } from "../inbox/inbox.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { enqueueRuns } from "./enqueue.ts";
import { hookLimits } from "./hook-limits.ts";

/** `enqueuing-process DIR`: stores direct messages for ever, each calling on-dm, and writes the number of each that was reported as stored. */
const inbox = inboxAt(join(process.argv[2] ?? "", "inbox.db"));
inbox.database.beforeCommit((db, afterEventId) => {
  enqueueRuns(db, afterEventId, (hook) => hook === "on-dm", hookLimits, 1);
});
await inbox.start();
for (let seq = (inbox.positions()[0]?.seq ?? 0) + 1; ; seq += 1) {
  await inbox.store([checkedPush(seq, "b".repeat(64), me, `message ${seq}`)], seq);
  await new Promise((resolve) => process.stdout.write(`${seq}\n`, resolve));
}
