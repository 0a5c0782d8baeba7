import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalJson } from "../../protocol/json-canonical.ts";
import { me } from "../inbox/inbox.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { bob, hookBench, runs } from "./hooks.fixture.ts";

const replying = runs("on-dm", "allow_reply = true");
const meta = (fields: Record<string, string | number>): string => canonicalJson(fields);

describe("a hook's reply", () => {
  it("goes to the sender, and to the agent that sent it, as an answer to the message", async (t) => {
    const bench = await hookBench(t, replying, { scripts: { "on-dm": `echo '{"reply": "at once"}'` } });
    await bench.inbox.store(
      [
        checkedPush(1, bob, `${me}/desk`, "hi", {
          meta: meta({ "claudemesh.from_agent": "ship", "claudemesh.hops": 2 }),
        }),
      ],
      1,
    );
    await bench.ends(1);
    const [sent] = bench.sent;
    assert.deepEqual(
      [sent?.to, Buffer.from(sent?.body ?? []).toString(), sent?.replyTo, sent?.note],
      [`@${bob}/ship`, "at once", "0198f0a0-0000-7000-8000-000000000001", { agent: "desk", hops: 3 }],
    );
    assert.equal(bench.list()[0]?.reply, sent?.clientMessageId);
  });

  it("may be a message of any content, and is not sent when it is none, when the hook fails or when it is not allowed", async (t) => {
    const bench = await hookBench(t, replying + runs("on-message"), {
      scripts: { "on-message": `echo '{"reply": "unasked"}'` },
    });
    const answers = [
      [`echo '{"reply": {"message": "{}", "content_type": "application/json", "priority": "low"}}'`, null],
      [`echo '{"reply": {"message": "x", "to": "@eve"}}'`, /unknown field `to`/],
      [`echo '{"reply": {"message": "x", "meta": {"claudemesh.hops": 0}}}'`, /claudemesh\./],
      ["echo hello", /its reply was not sent/],
      [`echo '{"answer": 1}'`, null],
      [`echo '{"reply": "no"}'; exit 1`, null],
    ] as const;
    for (const [index, [script, reason]] of answers.entries()) {
      bench.script("on-dm", script);
      await bench.dms(`message ${index}`);
      await bench.ends(2 * (index + 1));
      const run = bench.list().find(({ hook }) => hook === "on-dm");
      if (reason === null) assert.equal(run?.reason, null, script);
      else assert.match(run?.reason ?? "", reason, script);
    }
    assert.deepEqual(
      bench.sent.map(({ body, contentType, priority }) => [Buffer.from(body).toString(), contentType, priority]),
      [["{}", "application/json", "low"]],
    );
  });

  it("is one for each message, however often the hook runs for it and whatever it says then", async (t) => {
    const bench = await hookBench(t, replying, { scripts: { "on-dm": `echo "{\\"reply\\": \\"I am $$\\"}"` } });
    await bench.dms("hi");
    await bench.ends(1);
    // As a daemon that was killed after the reply, and before the end of the run was on disk, leaves it.
    await bench.hooks.stop();
    await bench.inbox.database.write((db) => db.exec("UPDATE hook_run SET state = 'running', outcome = NULL"));
    await bench.restart();
    await bench.ends(2);
    assert.equal(bench.sent.length, 1);
    assert.deepEqual(
      [bench.list()[0]?.outcome, bench.list()[0]?.reason],
      ["ok", "it has replied before, in other words"],
    );
  });

  it("ends a row of programs that answer one another, and answers nothing that nobody has signed", async (t) => {
    const bench = await hookBench(t, replying, { scripts: { "on-dm": `echo '{"reply": "again"}'` } });
    const unsigned = { ...checkedPush(2, bob, me, "webhook"), verified: false };
    await bench.inbox.store([checkedPush(1, bob, me, "hi", { meta: meta({ "claudemesh.hops": 8 }) }), unsigned], 1);
    await bench.ends(2);
    const reasons = bench.list().map(({ reason }) => reason ?? "");
    assert.ok(
      reasons.some((reason) => /8 programs have answered one another/.test(reason)),
      reasons.join(),
    );
    assert.ok(
      reasons.some((reason) => /nobody has signed/.test(reason)),
      reasons.join(),
    );
    assert.deepEqual(bench.sent, []);
  });
});
