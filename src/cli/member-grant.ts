import { parseAddress } from "../protocol/address.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { quoted } from "./printable.ts";
import { typedMember } from "./typed-address.ts";
import { limits } from "../protocol/limits.ts";

/** Instead of places: no limit. */
const everything = "everything";

export const command: Command = {
  name: "member grant",
  summary: "Say which topics and queues a member may use; #all is everybody's",
  usage: "member grant <member> <topic or queue>... | everything",
  options: {},
  words: ["member", "granted"],
  exits: ["notRunning", "notFound", "tryLater"],
  related: ["members", "member role", "help addresses"],
  examples: ["member grant @bob '#builds' queue:jobs", "member grant @bob everything"],
  async run({ client, out, positionals, flag, signal }) {
    requireWords(command, positionals, 2, limits.grantsMax + 1);
    const [written = "", ...places] = positionals;
    const member = typedMember(command, written);
    const destinations = places.length === 1 && places[0] === everything ? null : places.map(place);
    const changed = await client().membership.grant(member, destinations, { signal });
    if (flag("json")) out.json(changed);
    else if (changed.destinations === null) out.line(`${changed.address} may use every topic and queue`);
    else out.line(`${changed.address} may use #all and ${changed.destinations.join(", ")}, and nothing else`);
    return exitCodes.ok;
  },
};

function place(written: string): string {
  const address = parseAddress(written);
  if (address.kind !== "member") return written.toLowerCase();
  throw usage(
    command,
    `${quoted(written)} is a member: a grant is of topics and queues`,
    "write '#name' or queue:name",
  );
}
