import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { host, ok } from "../support/claudemesh.ts";
import { ended, lineReader } from "../support/line-reader.ts";

test("an agent's program that is killed gets its message again as a repeat at once, and two of one name are never there", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["agent", "attach", "worker"]));
  ok(await alice.run(["send", "@alice/worker", "first", "--id", "first", "--wait", "delivered"]));
  const hanging = "printf '%s %s\\n' $$ $PPID; exec sleep 600 >/dev/null 2>&1";
  const first = alice.start(["agent", "run", "worker", "--exec", hanging]);
  const [child = 0] = (await lineReader(first)()).split(" ").map(Number);
  t.after(() => process.kill(child, "SIGKILL"));
  const second = await alice.run(["agent", "run", "worker", "--exec", "true"]);
  assert.equal(second.code, 4, second.stderr);
  assert.match(second.stderr, /agent_name_taken/);
  const gone = ended(first);
  first.kill("SIGKILL");
  await gone;
  const seen = join(alice.home, "seen");
  const again = await alice.run(["agent", "run", "worker", "--count", "1", "--json", "--exec", `cat > ${seen}`]);
  const { repeat, state } = JSON.parse(ok(again)) as { readonly repeat: number; readonly state: string };
  assert.deepEqual([repeat, state], [2, "read"]);
  ok(await alice.run(["send", "@alice/worker", "first", "--id", "first", "--wait", "read", "--timeout", "5s"]));
});

test("Ctrl-C stops the command, gives its message back, and takes the agent out of the list", async (t) => {
  const alice = host(t, "alice");
  ok(await alice.up());
  ok(await alice.run(["agent", "attach", "worker"]));
  ok(await alice.run(["send", "@alice/worker", "first", "--wait", "delivered"]));
  const running = alice.start(["agent", "run", "worker", "--exec", "echo $$; exec sleep 600"]);
  const end = ended(running);
  const pid = Number(await lineReader(running)());
  running.kill("SIGINT");
  assert.deepEqual(await end, { code: 130, stderr: "" });
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  const { items } = JSON.parse(ok(await alice.run(["agent", "list", "--json"]))) as {
    readonly items: readonly { readonly state: string; readonly waiting: number }[];
  };
  assert.deepEqual(
    items.map(({ state, waiting }) => [state, waiting]),
    [["offline", 1]],
  );
});
