import { connect } from "@claudemesh/sdk";

// The daemon that `claudemesh up` started, found as the command line finds it.
const mesh = connect();
const { member } = await mesh.health();

// Delivered when this resolves: on disk at the receiver, which here is the sender itself.
const sent = await mesh.send(
  { to: member.address, message: "the build is green", meta: { build: 42 }, client_message_id: "build-42" },
  { wait: "delivered" },
);
console.log(`delivered ${sent.client_message_id}`);

for await (const item of mesh.inbox.list({ unread: true })) {
  console.log(`${item.from.name}: ${item.message}`, item.meta);
  await mesh.inbox.markRead(item.inbox_id);
}
mesh.close();
