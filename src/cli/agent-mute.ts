import { policyCommand } from "./policy-command.ts";

export const command = policyCommand("agent mute", "mute", {
  summary: "Push nothing of a sender into sessions; its messages come when an agent asks for its mail",
  related: ["agent unmute", "agent policy", "agent offers"],
  examples: ["agent mute @bob --for 2h"],
});
