import type { Client } from "../client/client.ts";
import { choice } from "./choice.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { histories } from "./key-history.ts";

/** What both `topic rotate` and `queue rotate` take. */
export const rotateOptions = {
  history: {
    type: "string",
    value: "WHOSE",
    help: "all: who comes later gets the earlier keys too; joined: only what is sealed from then on; as it is by default",
  },
} as const satisfies Command["options"];

/** Makes a new key of `name`, which is a topic's or a queue's by `of`, and says so. */
export async function rotateKey(
  command: Command,
  { client, out, option, flag, signal }: CommandContext,
  of: "topics" | "queues",
  name: string,
): Promise<number> {
  const history = choice(command, "--history", option("history"), histories);
  const destinations: Pick<Client["topics"], "rotate"> = client()[of];
  const key = await destinations.rotate(name, history === null ? {} : { history }, { signal });
  if (flag("json")) out.json(key);
  else out.line(`${key.address} is sealed by key ${key.depth + 1} from now on`);
  return exitCodes.ok;
}
