import { unsetCommand } from "./policy-command.ts";

export const command = unsetCommand("agent unblock", {
  summary: "Let a blocked sender's messages come as the settings say",
  related: ["agent block", "agent policy"],
  examples: ["agent unblock @bob"],
});
