import { apiKeyScopes } from "../protocol/api-key.ts";
import { limits } from "../protocol/limits.ts";
import { parseAddress } from "../protocol/address.ts";
import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { quoted, unbroken } from "./printable.ts";
import { typedMember } from "./typed-address.ts";

export const command: Command = {
  name: "apikey create",
  summary: "Make a key with which a program without a daemon sends and reads over HTTP",
  usage: "apikey create <name> [--member @NAME] [--scope SCOPE]… [--to '#TOPIC']… [--expires D]",
  options: {
    member: {
      type: "string",
      value: "@NAME",
      help: "whom it speaks for; the mesh's owner by default",
      complete: "member",
    },
    scope: {
      type: "string",
      value: "SCOPE",
      multiple: true,
      help: "what it may do: send (default) or read; once each for both",
      complete: apiKeyScopes,
    },
    to: {
      type: "string",
      value: "#TOPIC",
      multiple: true,
      help: "the only topics and queues that it is for, each with its own --to; by default wherever the member may",
      complete: "topic",
    },
    expires: { type: "string", value: "90d", help: "how long it is good, ninety days by default, a year at most" },
  },
  exits: ["notRunning"],
  related: ["apikey list", "apikey revoke", "topic open"],
  examples: ["apikey create grafana --to '#alerts'", "apikey create dashboard --scope read --expires 30d"],
  async run({ launcher, home, mesh, out, positionals, option, options, flag }) {
    requireWords(command, positionals, 1, 1);
    const [name = ""] = positionals;
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
      throw usage(command, `${quoted(name)} is not a name for a key`, "letters, digits, '.', '_' and '-', at most 64");
    const member = option("member");
    const expires = option("expires");
    const scopes = options("scope").map((scope) => choice(command, "--scope", scope, apiKeyScopes) ?? scope);
    const destinations = options("to").map(typedDestination);
    const { operator } = await launcher();
    const made = await operator.createApiKey(home, mesh, {
      name,
      ...(member === undefined ? {} : { member: typedMember(command, member) }),
      ...(scopes.length === 0 ? {} : { scopes }),
      ...(destinations.length === 0 ? {} : { destinations }),
      ...(expires === undefined
        ? {}
        : { expires_in_s: Math.ceil(parseDuration(expires, "--expires", limits.apiKeyExpiryMsMax) / 1_000) }),
    });
    if (flag("json")) {
      out.json(made);
      return exitCodes.ok;
    }
    out.line(made.key);
    const where = made.destinations === null ? "" : ` for ${made.destinations.join(", ")}`;
    out.note(
      `may ${made.scopes.join(" and ")}${where} as @${unbroken(made.member)}, until ${made.expires_at}; it is shown this once, and whoever has it can use it`,
    );
    out.note(`at ${made.url}${made.pin === null ? "" : `, whose certificate is ${made.pin}`}`);
    if (made.scopes.includes("send"))
      out.note(`only what is open for them takes its messages: ${openers(made.destinations)}`);
    return exitCodes.ok;
  },
};

/** The commands that open what the key is for; it may be open already, which the broker's operator is not told here. */
function openers(destinations: readonly string[] | null): string {
  if (destinations === null) return "claudemesh topic open NAME --unsealed, claudemesh queue open NAME --unsealed";
  const command = (address: string): string =>
    address.startsWith("queue:") ? `queue open ${address.slice("queue:".length)}` : `topic open ${address.slice(1)}`;
  return destinations.map((address) => `claudemesh ${unbroken(command(address))} --unsealed`).join(", ");
}

function typedDestination(text: string): string {
  const address = parseAddress(/^(#|@|queue:)/.test(text) ? text : `#${text}`);
  if (address.kind === "topic") return `#${address.name}`;
  if (address.kind === "queue") return `queue:${address.name}`;
  throw usage(command, `--to ${quoted(text)}: a key is for topics and queues`, "write '#topic' or queue:name");
}
