import type { HelpTopic } from "./help-topic.ts";

export const topic: HelpTopic = {
  summary: "Who a message is for: a member, a topic or a queue",
  body: [
    {
      rows: [
        ["@bob", "the member bob; it has the message once it is on that member's disk"],
        ["@<64 hex digits>", "the same member by its member_id, which stays when names change"],
        ["#builds", "the topic builds; everybody who has joined it gets the message"],
        ["queue:builds", "the queue builds; one of those who claim from it gets the message"],
      ],
    },
    "Names are lower-case letters, digits, `.`, `_` and `-`. Capital letters in what you type do not matter. A name that nobody has is refused before anything is sent, with the names that are near.",
    "A shell takes `#` at the beginning of a word for a comment, and PowerShell takes `@` for its own: quote such an address.",
    { lines: ["claudemesh send @bob hello", "claudemesh send '#builds' hello", "claudemesh topic join builds"] },
    "`claudemesh members`, `claudemesh topic list` and `claudemesh queue list` show the addresses of the mesh.",
  ],
};
