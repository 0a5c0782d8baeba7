import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "The stages of a message, and what each of them promises",
  body: [
    {
      rows: [
        ["queued", "on this disk; it goes out by itself, now or when the broker is back"],
        ["accepted", "committed at the broker, exactly once"],
        ["delivered", "on the receiver's disk; of a topic: on the disk of every subscriber"],
        ["injected", "handed to a live session of the receiver's agent"],
        ["read", "the agent has gone on with it, or the receiver has said that it is read"],
      ],
    },
    "A stage is told only when it is true. `send` answers at `queued`; `--wait` waits for a later one. When the wait ends first, the message stays on its way: nothing has to be sent again.",
    "How far a message that was received has come with an agent, and what keeps it back:",
    { lines: ["claudemesh agent offers reviewer"] },
    "A message that cannot go out ends in a state that says why, and never silently:",
    {
      rows: [
        ["pending", "waits for the broker, or for its next attempt"],
        ["inflight", "handed to the broker, whose answer is due"],
        ["done", "accepted by the broker"],
        ["dead", "refused, or too old to be sent; `outbox requeue` sends it again under a new id"],
        ["aborted", "given up or replaced by somebody here"],
      ],
    },
    { lines: ["claudemesh outbox list --state dead", "claudemesh outbox inspect 12", "claudemesh outbox requeue 12"] },
  ],
};
