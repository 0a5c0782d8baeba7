import { join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { inboxAt, me } from "../inbox/inbox.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { createHooks } from "./hooks.ts";
import { openLiveHooks } from "./live-hooks.ts";
import { createUncontained } from "./uncontained.fixture.ts";

/** `hooking-process DIR`: stores a direct message, runs its hook, and says when it has written down which process that is. */
const dir = process.argv[2] ?? "";
const inbox = inboxAt(join(dir, "inbox.db"));
const { database } = inbox;
const hooks = createHooks({
  folder: join(dir, "hooks"),
  live: openLiveHooks(join(dir, "hooks.toml")),
  off: () => null,
  mesh: "local",
  inbox: {
    eventsAfter: (id, limit) => inbox.eventsAfter(id, limit),
    item: (id) => inbox.item(id),
    database: {
      ...database,
      async write(work) {
        const done = await database.write(work);
        const noted = database.read((db) => db.prepare("SELECT 1 FROM hook_run WHERE process IS NOT NULL").get());
        if (noted !== undefined) process.stdout.write("noted\n");
        return done;
      },
    },
  },
  containment: createUncontained({ socketPath: join(dir, "sock"), cwd: dir }),
  send: () => Promise.reject(new Error("nothing is sent")),
  observe: () => {},
  clock: systemClock,
  log: silentLog,
});
await inbox.start();
await hooks.start();
await inbox.store([checkedPush(1, "b".repeat(64), me, "hi")], 1);
