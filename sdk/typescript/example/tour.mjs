// Everything that docs/sdk.md shows, in one program. It runs against the daemon that the environment names.
import { bodyBytes, ClaudemeshError, canonicalMeta, connect, localFingerprint } from "@claudemesh/sdk";

const mesh = connect();
const { member } = await mesh.health();
const me = member.address;

// Send, and wait.
const sent = await mesh.send(
  { to: me, message: "the build is green", client_message_id: "build-42", meta: { build: 42 } },
  { wait: "delivered", timeoutMs: 10_000 },
);
console.log(sent.message.stages.map(({ stage }) => stage));

// The same message again: it is not sent twice.
const again = await mesh.send({
  to: me,
  message: "the build is green",
  client_message_id: "build-42",
  meta: { build: 42 },
});
console.log(again.duplicate, again.history_id === sent.message.history_id);

// Receipts.
const { stages } = await mesh.waitFor("build-42", "accepted");
console.log(stages[1]?.stage);

// Bytes.
await mesh.send({ to: me, body: new Uint8Array([1, 2, 255]) }, { wait: "delivered" });

// The inbox.
for await (const item of mesh.inbox.list({ unread: true })) {
  console.log(item.from.name, item.message ?? bodyBytes(item));
  await mesh.inbox.markRead(item.inbox_id);
}
for await (const item of mesh.inbox.search("green")) console.log("found", item.message);

// Topics and mentions.
await mesh.topics.create("builds");
await mesh.topics.join("builds");
await mesh.send({ to: "#builds", message: "build 42 is red" }, { wait: "accepted" });
for await (const item of mesh.history("#builds")) if ("message" in item) console.log(item.to, item.message);
await mesh.send({ to: me, message: "was it you?", mentions: [me] }, { wait: "delivered" });
for await (const item of mesh.inbox.mentions()) console.log("mentioned:", item.message);

// Events.
const stop = new AbortController();
const onOpen = () => mesh.send({ to: me, message: "hello" });
for await (const { event, data } of mesh.events({ signal: stop.signal, onOpen })) {
  if (event !== "message") continue;
  console.log(event, data["message"]);
  stop.abort();
}

// A worker.
await mesh.queues.create("jobs");
await mesh.send({ to: "queue:jobs", message: "make test" }, { wait: "accepted" });
const enough = new AbortController();
const done = await mesh.queues.work(
  "jobs",
  async (job) => {
    console.log("working on", job.message);
    enough.abort();
  },
  { signal: enough.signal },
);
console.log(done, "done");

// Errors.
try {
  await mesh.send({ to: "@nobody", message: "anybody there?" });
} catch (error) {
  if (!(error instanceof ClaudemeshError)) throw error;
  console.log(error.code, error.retryable, error.hint !== undefined);
}

// What is compared when an id is used again, without a daemon.
console.log(canonicalMeta('{"b": 1.0, "a": "\\u00e9"}'));
console.log(localFingerprint({ to: "@bob", message: "hi" }, "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12").length);
mesh.close();
