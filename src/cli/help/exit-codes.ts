import { exitCodeTable } from "../exit-codes.ts";
import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Exit codes; scripts may rely on them",
  body: [
    { rows: Object.values(exitCodeTable).map(({ code, says }) => [String(code), says] as const) },
    "The processes of daemon and broker, `claudemesh broker` among them, have exit codes of their own, one for each reason: 0 when told to stop, 1 and 15 after a failure that another start may get over, any other when a person has to help first. `claudemesh doctor` explains the last one.",
  ],
};
