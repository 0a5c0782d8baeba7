import { fixedHooks, hookEvents } from "../../protocol/hook-names.ts";
import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Programs that the daemon calls when something happens",
  body: [
    "A hook is an executable in `hooks/` of the daemon's folder, named after what it is called for:",
    {
      rows: [
        ...fixedHooks.map((hook): [string, string] => [hook, hookEvents[hook]]),
        ["on-topic-NAME", "a message arrived in #NAME"],
      ],
    },
    "It gets the event as JSON on standard input and runs only when `hooks.toml` beside it enables it, when it belongs to this user and when nobody else can write it. What it may do besides is in `hooks.toml` too: docs/hooks.md.",
    { lines: ["claudemesh hooks enable on-dm", "claudemesh hooks test on-dm", "claudemesh hooks log on-dm --failed"] },
  ],
};
