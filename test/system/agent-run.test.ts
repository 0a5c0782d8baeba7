import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sendAnswer } from "../../src/cli/agent-run/send-answer.ts";
import type { InboxItem } from "../../src/protocol/local-api.ts";
import { ok } from "../support/claudemesh.ts";
import { knowsAgent } from "../support/knows-agent.ts";
import { mesh } from "../support/mesh.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { typedHere } from "../support/typed-here.ts";

const program = fileURLToPath(new URL("../support/stream-json-program.ts", import.meta.url));

/** alice, whose agents run programs, and bob, who writes to them. */
async function pair(t: TestContext) {
  const { daemons } = await mesh(t, ["alice", "bob"]);
  const seen = join(tempFolder(t), "seen");
  // Two, so that what names no agent is for neither.
  for (const agent of ["worker", "reviewer"]) {
    await daemons.alice.client.agents.put(agent);
    await knowsAgent(daemons.bob.client, "alice", agent);
  }
  const send = async (to: string, message: string, more: { priority?: "low" } = {}): Promise<string> => {
    const { client_message_id } = await daemons.bob.client.send({ to, message, ...more });
    await daemons.bob.client.waitFor(client_message_id, "delivered");
    return client_message_id;
  };
  return {
    alice: daemons.alice.client,
    bob: daemons.bob.client,
    typedByAlice: typedHere(t, daemons.alice),
    typedByBob: typedHere(t, daemons.bob),
    send,
    seen,
    lines: () => readFileSync(seen, "utf8").trimEnd().split("\n"),
  };
}

const unread = async (client: Awaited<ReturnType<typeof pair>>["alice"]): Promise<readonly (string | null)[]> =>
  (await client.inbox.list({ unread: true })).items.map(({ message }) => message);

test("a command runs once for each message to the agent, in order, and what it ended well with is read", async (t) => {
  const { alice, bob, typedByAlice, send, seen, lines } = await pair(t);
  const first = await send("@alice/worker", "one");
  await send("@alice", "for the user");
  await send("@alice/worker", "$(touch pwned) two\u001b[2J", { priority: "low" });
  const command = `cat >> ${seen}; printf '%s %s\\n' "$CLAUDEMESH_AGENT" "$CLAUDEMESH_FROM" >> ${seen}`;
  const ran = await typedByAlice(["agent", "run", "worker", "--exec", command, "--count", "2", "--json"]);
  assert.deepEqual(
    ok(ran)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
    [1, 3].map((inbox_id) => ({
      inbox_id,
      repeat: 1,
      exit_code: 0,
      signal: null,
      state: "read",
      again_s: null,
      answer: null,
    })),
  );
  const [one, from, two] = lines();
  const item = JSON.parse(one ?? "") as InboxItem & { readonly framed: string; readonly repeat: number };
  assert.deepEqual([item.message, item.repeat, from], ["one", 1, "worker @bob"]);
  assert.match(item.framed, /not an instruction from your user[\s\S]*\n\none\n<\/claudemesh-message/);
  assert.equal((JSON.parse(two ?? "") as InboxItem).message, "$(touch pwned) two\u001b[2J");
  await bob.waitFor(first, "read");
  assert.deepEqual(await unread(alice), ["for the user"]);
  const agent = (await alice.agents.list()).items.find(({ name }) => name === "worker");
  assert.deepEqual([agent?.state, agent?.waiting], ["offline", 0]);
});

test("a message whose command fails is given back with the reason, and those behind it go on", async (t) => {
  const { alice, typedByAlice, send } = await pair(t);
  await send("@alice/worker", "bad");
  await send("@alice/worker", "good");
  const command = '! grep -q \'"message":"bad"\'';
  const ran = await typedByAlice(["agent", "run", "worker", "--exec", command, "--count", "2"]);
  assert.deepEqual(
    [ran.code, ran.stdout, ran.stderr],
    [0, "", "error: the command for message #1 ended with exit code 1; it is offered again in 5 s\n"],
  );
  assert.deepEqual(await unread(alice), ["bad"]);
  await send("@alice/worker", "bad");
  const stopped = await typedByAlice(["agent", "run", "worker", "--exec", command, "--stop-on-error"]);
  assert.equal(stopped.code, 1, stopped.stderr);
});

test("answers go to the agent that asked, once, and two that answer each other come to an end", async (t) => {
  const { alice, bob, typedByAlice, typedByBob } = await pair(t);
  await bob.agents.put("pong");
  await knowsAgent(alice, "bob", "pong");
  const command = `echo '{"reply": "and you?"}'`;
  const words = (name: string, count: string) =>
    ["agent", "run", name, "--reply", "--exec", command, "--count", count] as const;
  await bob.send({ to: "@alice/worker", message: "hello", from_agent: "pong" });
  const [ping, pong] = await Promise.all([typedByAlice(words("worker", "5")), typedByBob(words("pong", "4"))]);
  ok(pong);
  assert.equal(ping.stderr, "error: message #5 is not answered: it is the 8th answer of programs in a row\n");
  const { items: answers } = await bob.inbox.list();
  assert.deepEqual(
    answers.map(({ from, agent, hops }) => [from.name, from.agent, agent, hops]),
    [1, 3, 5, 7].map((hops) => ["alice", "worker", "pong", hops]),
  );
});

test("an answer has one id: a message is not answered twice, nor run again once it is answered; what is no answer is not sent", async (t) => {
  const { alice, bob, typedByAlice, send } = await pair(t);
  await send("@alice/worker", "question");
  const [question] = (await alice.inbox.list()).items;
  assert.ok(question !== undefined);
  // As after a crash between the answer and its confirmation.
  const signal = new AbortController().signal;
  const answer = async (text: string) => (await sendAnswer(alice, question, { agent: "worker", text, signal })).state;
  assert.deepEqual([await answer("first"), await answer("second")], ["sent", "answered_before"]);
  const nothing = await typedByAlice(["agent", "run", "worker", "--exec", "true", "--timeout", "100ms"]);
  assert.equal(nothing.code, 5);
  await send("@alice/worker", "another");
  const talks = await typedByAlice(["agent", "run", "worker", "--reply", "--exec", "echo done", "--count", "1"]);
  assert.match(talks.stderr, /^error: message #2 is not answered: its output is no answer; /);
  assert.deepEqual(await unread(alice), []);
  // What was sent before this has come before it.
  await alice.send({ to: "@bob", message: "last", client_message_id: "last" });
  await alice.waitFor("last", "delivered");
  assert.deepEqual(
    (await bob.inbox.list()).items.map(({ message, reply_to }) => [message, reply_to]),
    [
      ["first", question.broker_message_id],
      ["last", null],
    ],
  );
});

test("a program gets what waits as one turn, and its result makes the messages read", async (t) => {
  const { alice, bob, typedByAlice, send, seen, lines } = await pair(t);
  await send("@alice/reviewer", "one");
  const second = await send("@alice/reviewer", "two");
  const run = ["agent", "run", "reviewer", "--stream-json", "--count", "2", "--", process.execPath, program];
  const ran = await typedByAlice([...run, "answer", seen]);
  assert.equal(ok(ran), "read #1 #2  turn 1 done\n");
  const [turn] = lines();
  assert.match(JSON.parse(turn ?? "") as string, /one\n<\/claudemesh-message[\s\S]*two\n<\/claudemesh-message/);
  await bob.waitFor(second, "read");
  assert.deepEqual(await unread(alice), []);
});

test("a turn that ends with an error is told as injected and never as read; one that never ends goes back", async (t) => {
  const { alice, bob, typedByAlice, send, seen } = await pair(t);
  const id = await send("@alice/reviewer", "one");
  const run = ["agent", "run", "reviewer", "--stream-json", "--count", "1", "--", process.execPath, program];
  assert.equal(ok(await typedByAlice([...run, "fail", seen])), "injected #1\n");
  const { stages } = await bob.waitFor(id, "injected");
  assert.ok(!stages.some(({ stage }) => stage === "read"));
  assert.deepEqual(await unread(alice), ["one"]);
  await send("@alice/reviewer", "two");
  const died = await typedByAlice([...run, "die", seen]);
  assert.deepEqual([died.code, died.stdout], [1, "given_back #2\n"]);
  assert.match(died.stderr, /ended with exit code 3/);
  const answered = await typedByAlice([...run.slice(0, 4), "--reply", ...run.slice(4), "answer", seen]);
  assert.equal(ok(answered), "read #2  turn 1 done\n");
});

test("a run is refused with words that contradict each other", async (t) => {
  const { typedByAlice } = await pair(t);
  for (const words of [
    ["worker"],
    ["worker", "--exec", " "],
    ["worker", "--exec", "true", "--stream-json", "--", "cat"],
    ["worker", "--exec", "true", "more"],
    ["worker", "--stream-json"],
    ["@alice", "--exec", "true"],
  ]) {
    const ran = await typedByAlice(["agent", "run", ...words]);
    assert.deepEqual([ran.code, ran.stdout], [2, ""], words.join(" "));
    assert.match(ran.stderr, /^error: .*\nhint: /, words.join(" "));
  }
  const nothing = await typedByAlice(["agent", "run", "worker", "--exec", "true", "--timeout", "100ms"]);
  assert.deepEqual([nothing.code, nothing.stderr], [5, "no message came for 100ms\n"]);
});
