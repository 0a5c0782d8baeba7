import { exitCodeTable } from "../exit-codes.ts";
import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Exit codes; scripts may rely on them",
  body: [
    { rows: Object.values(exitCodeTable).map(({ code, says }) => [String(code), says] as const) },
    "The processes of daemon and broker have exit codes of their own, one for each reason: `claudemesh doctor` explains the last one.",
  ],
};
