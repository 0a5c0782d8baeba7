import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Answers for programs: --json",
  body: [
    "Every command takes `--json`. Standard output then holds one JSON value and a line feed; commands that go on (`--follow`) write one value a line. Fields are added over time, never renamed or removed.",
    "An error is one JSON object on standard error:",
    { lines: ['{"code":"not_running","message":"…","hint":"claudemesh up","retryable":false}'] },
    {
      rows: [
        ["code", "from a closed list; docs/errors has a page for each"],
        ["message", "what went wrong, for people; it may change"],
        ["hint", "the command that helps, or null"],
        ["retryable", "whether the same command may work later"],
      ],
    },
    "Branch on the exit code or on `code`, never on `message`.",
  ],
};
