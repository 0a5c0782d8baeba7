import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Standard input and output: what goes where",
  body: [
    {
      rows: [
        ["standard output", "the answer, and nothing else"],
        ["standard error", "progress, notices, hints and errors"],
        [
          "standard input",
          "the message of `send ADDRESS -`, or of `send ADDRESS` when something is piped in; after `-` that may be nothing",
        ],
      ],
    },
    {
      lines: [
        "make 2>&1 | claudemesh send @oncall - --id build-42",
        "claudemesh inbox --json | jq -r '.items[].message'",
      ],
    },
    "What is piped in is sent byte for byte, once it is complete. Text that is no UTF-8 is sent as bytes.",
    "Text that comes from elsewhere is shown with its control characters written out (`\\x1b`), so that no message can move your cursor or hide a line. `--json` holds it as it is.",
    "A reader that closes the pipe early (`| head`) ends the command without an error. There is no pager, and no question is ever asked.",
  ],
};
