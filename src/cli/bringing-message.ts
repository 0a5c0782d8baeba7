import type { BringingMessage } from "../client/files.ts";
import type { Command, CommandContext, Option } from "./command.ts";
import { typedLease } from "./lease-options.ts";
import { usage } from "./parse-arguments.ts";
import { historyNumber, inboxNumber } from "./row-number.ts";
import { typedHistory, typedQueue } from "./typed-address.ts";

/** Where the first word of a command names the message that brought files. */
export const messageOptions: Readonly<Record<"history" | "queue", Option>> = {
  history: {
    type: "string",
    value: "ADDRESS",
    help: "the message is one of the broker's history, by the number that `history ADDRESS` shows",
    complete: "topic",
  },
  queue: {
    type: "string",
    value: "QUEUE",
    help: "the message is claimed: by its lease_id, as long as the lease lasts",
    complete: "queue",
  },
};

/** The message as typed, and as it is called in what is said of it. Throws usage, invalid_destination. */
export function typedMessage(
  command: Command,
  { option }: Pick<CommandContext, "option">,
  text: string,
): { readonly message: BringingMessage; readonly called: string } {
  const [history, queue] = [option("history"), option("queue")];
  if (history !== undefined && queue !== undefined)
    throw usage(command, "--history and --queue are both given", "a message that is claimed has a lease_id: --queue");
  if (queue !== undefined) {
    const lease_id = typedLease(command, text);
    return { message: { lease_id, queue: typedQueue(queue) }, called: `lease ${lease_id}` };
  }
  if (history === undefined) {
    const inboxId = inboxNumber(command, text);
    return { message: inboxId, called: `message #${inboxId}` };
  }
  const history_id = historyNumber(command, text, `claudemesh history '${typedHistory(history)}'`);
  return { message: { history_id, address: typedHistory(history) }, called: `message ${history_id} of the history` };
}
