import type { InviteRequest } from "../client/client.ts";
import { choice } from "./choice.ts";
import type { Command } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-codes.ts";
import { wholeNumber } from "./page-options.ts";
import { requireWords } from "./parse-arguments.ts";
import { limits } from "../protocol/limits.ts";

const roles = ["owner", "admin", "member", "guest"] as const;

export const command: Command = {
  name: "invite",
  summary: "Make a link by which another host joins this mesh",
  usage: "invite [--expires D] [--uses N] [--role ROLE] [--address HOST:PORT]",
  options: {
    expires: { type: "string", value: "7d", help: "how long the link is good, seven days by default" },
    uses: { type: "string", value: "N", help: "how many members it admits, 1 by default" },
    role: {
      type: "string",
      value: "ROLE",
      help: "what they become: member (default), guest, admin or owner",
      complete: roles,
    },
    address: {
      type: "string",
      value: "HOST:PORT",
      help: "the broker's address that the link names, when it has several",
    },
  },
  exits: ["notRunning", "tryLater"],
  related: ["join", "invite list", "invite revoke"],
  examples: ["invite", "invite --uses 5 --expires 24h", "invite --role guest --json"],
  async run(context) {
    const { out, positionals, home, mesh, option, flag, signal } = context;
    requireWords(command, positionals, 0, 0);
    const request = readRequest(option("expires"), option("uses"), option("role"), option("address"));
    // A broker that was started alone has no owner yet, and only one of those may invite.
    if (mesh === null && (await (await context.launcher()).ensureOwner(home)).started)
      out.note("notice: this home had no member yet; it has one now, and its daemon runs");
    const made = await context.client().invites.create(request, { signal });
    if (flag("json")) {
      out.json(made);
      return exitCodes.ok;
    }
    out.line(made.link);
    const many = made.uses === 1 ? "one member" : `${made.uses} members`;
    out.note(`for ${many} as ${made.role}, until ${made.expires_at}; whoever has the link can use it`);
    if (made.loopback)
      out.note(
        "notice: the broker listens for this host only, so the link works on this host only; for others, first: claudemesh broker up --listen 0.0.0.0:8787",
      );
    else out.note("on the other host: claudemesh join LINK");
    return exitCodes.ok;
  },
};

function readRequest(
  expires: string | undefined,
  uses: string | undefined,
  role: string | undefined,
  address: string | undefined,
): InviteRequest {
  const known = choice(command, "--role", role, roles);
  const count = wholeNumber(command, "--uses", uses, 1, limits.inviteUsesMax);
  return {
    ...(expires === undefined
      ? {}
      : { expires_in_s: Math.ceil(parseDuration(expires, "--expires", limits.inviteExpiryMsMax) / 1_000) }),
    ...(count === null ? {} : { uses: count }),
    ...(known === null ? {} : { role: known }),
    ...(address === undefined ? {} : { address }),
  };
}
