import { inboxAt, me } from "./inbox.fixture.ts";
import { checkedPush } from "./push.fixture.ts";

/** `storing-process PATH`: stores pushes for ever, each twice, and writes the number of each that was reported as stored. */
const inbox = inboxAt(process.argv[2] ?? "");
await inbox.start();
const bob = "b".repeat(64);
for (let seq = (inbox.positions()[0]?.seq ?? 0) + 1; ; seq += 4) {
  const group = [seq, seq + 1, seq + 2, seq + 3];
  await Promise.all(
    group.map(async (one) => {
      const push = checkedPush(one, bob, me, `message ${one}`);
      await inbox.store([push, push], one);
    }),
  );
  await new Promise((resolve) => process.stdout.write(`${group.join("\n")}\n`, resolve));
}
