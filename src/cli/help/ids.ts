import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "A message's id, and why sending twice is safe",
  body: [
    "Every message has an id: yours, given with `--id`, or one that is made for it. The same id with the same message is sent once, however often and after whatever crash it is tried; the answer is the first one.",
    { lines: ["claudemesh send @oncall 'disk full on gpu-3' --id disk-gpu-3-2026-11-25"] },
    "The same id with another message is a conflict (exit code 4, `idempotency_key_reused`): nothing is sent, and the first message stays as it is.",
    "An id is 1 to 96 visible ASCII characters. Ids are yours alone: another member's `build-42` is another id.",
    "In a script, make the id from what the message is about (a build's number, a job and its date), not from the time of the attempt. Then the script may be run again at any point.",
  ],
};
