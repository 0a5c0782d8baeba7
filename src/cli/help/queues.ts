import { limits } from "../../protocol/limits.ts";
import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Queues: work that one consumer takes at a time, under a lease",
  body: [
    {
      lines: [
        "claudemesh queue create builds",
        "claudemesh send queue:builds 'main 3f2a1c'",
        "claudemesh queue work builds -- ./build.sh",
      ],
    },
    `Every member may send to a queue and claim from it. A claimed message is its consumer's for the time of its lease, ${limits.leaseMs / 1_000} seconds by default. Acknowledged in that time, it is done; given back, or with its lease over, it goes to the next consumer. Whoever is killed, or loses its network, holds it until the lease is over, so what a consumer does should bear being done twice.`,
    `After ${limits.queueDeliveries} deliveries without an acknowledgement it is a dead letter: \`queue dead\` shows it with the last consumer's reason, \`queue requeue\` makes it ready again.`,
    "`queue work` claims one message at a time, runs the command, extends the lease as long as it runs, acknowledges the message when the command ends with 0, and gives it back when it does not. The command gets the body on its standard input, byte for byte, and in its environment:",
    {
      rows: [
        ["CLAUDEMESH_FROM", "the sender, as @name; no address when CLAUDEMESH_VIA is not empty"],
        ["CLAUDEMESH_FROM_AGENT", "the agent of that member that sent it, if it says so"],
        ["CLAUDEMESH_VIA", "empty of what its sender has signed; else the API key that handed it in, unsigned"],
        ["CLAUDEMESH_QUEUE, CLAUDEMESH_MESH", "the queue's name, and the mesh's"],
        ["CLAUDEMESH_ID", "the sender's id of the message, as on the wire"],
        ["CLAUDEMESH_MESSAGE_ID, CLAUDEMESH_HISTORY_ID", "the broker's id of it, and its place in the mesh's log"],
        ["CLAUDEMESH_DELIVERIES", "1 the first time; more: somebody may have begun it before"],
        ["CLAUDEMESH_META, CLAUDEMESH_CONTENT_TYPE, CLAUDEMESH_PRIORITY", "as the sender gave them; no meta: empty"],
        [
          "CLAUDEMESH_LEASE_ID",
          "for `queue extend`, `queue ack` or `queue nack` by hand, and for `files get --queue`, which writes a file that the message brought",
        ],
      ],
    },
    "Told to stop (Ctrl-C, SIGTERM), it stops the command, acknowledges what the command has ended well and gives back the rest.",
    "The sender is told `accepted`, and when nobody acknowledged the message before the broker's retention was over or its queue was deleted. That it was worked on, only the consumer can say: by a message of its own.",
  ],
};
