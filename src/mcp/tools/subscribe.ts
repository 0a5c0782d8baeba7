import * as z from "zod";
import { checkName } from "../../protocol/address.ts";
import { idempotencyKey, tool } from "../tool.ts";

export const subscribe = tool({
  name: "subscribe",
  title: "Receive a topic",
  description:
    "Have the messages of a topic come to you from now on, or with leave no longer. Older ones: the tool search with in.",
  input: z.strictObject({
    topic: z.string().describe("#topic; it has to exist: peers lists them."),
    leave: z.boolean().optional().describe("Receive it no longer. This host stays subscribed, for its other agents."),
    ...idempotencyKey,
  }),
  output: z.object({ topic: z.string(), receives: z.boolean(), agent: z.string() }),
  repeats: "here",
  async run({ topic, leave = false }, call) {
    const name = checkName(topic.replace(/^#/, ""), "topic");
    const named = await call.session.named(call.signal);
    const agent = named?.agent ?? "";
    if (!leave) await call.ask((client, options) => client.topics.join(name, options));
    if (agent !== "")
      await call.ask((client, options) =>
        leave ? client.agents.dropTopic(agent, name, options) : client.agents.addTopic(agent, name, options),
      );
    const structured = { topic: `#${name}`, receives: !leave, agent };
    const text = leave ? `#${name} no longer comes to you` : `what is sent to #${name} from now on comes to your inbox`;
    return { text, structured };
  },
});
