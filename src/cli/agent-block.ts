import { policyCommand } from "./policy-command.ts";

export const command = policyCommand("agent block", "block", {
  summary: "Let no agent see a sender's messages; they stay in the inbox for you",
  related: ["agent unblock", "agent policy", "agent offers"],
  examples: ["agent block @bob"],
});
