import { unsetCommand } from "./policy-command.ts";

export const command = unsetCommand("agent unmute", {
  summary: "Let a muted sender's messages come as the settings say",
  related: ["agent mute", "agent policy"],
  examples: ["agent unmute @bob"],
});
