import type { Command, Input } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { modeOptions, readMode } from "./mode-options.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { printMode } from "./up.ts";
import { inviteLinkCharsMax } from "../protocol/invite.ts";

export const command: Command = {
  name: "join",
  summary: "Join a mesh by an invite link, and start this home's daemon for it",
  usage: "join <link | -> [--name NAME] [--as SLUG] [--persistent | --ephemeral [--ttl TIME]] [--http]",
  options: {
    name: { type: "string", value: "NAME", help: "your address becomes @NAME; by default the user's name" },
    as: { type: "string", value: "SLUG", help: "what the mesh is called in this home" },
    ...modeOptions,
    http: { type: "boolean", help: "also listen on 127.0.0.1, with a token" },
  },
  exits: ["conflict", "tryLater"],
  related: ["invite", "status", "doctor"],
  examples: ["join claudemesh://192.168.1.5:8787/AQD…", "join - --name bob < link.txt"],
  async run(context) {
    const { launcher, out, positionals, home, option, flag, signal } = context;
    requireWords(command, positionals, 1, 1);
    const [given = ""] = positionals;
    out.progress("asking the broker that the link names, then waiting for this home's daemon to reach it");
    const answer = await (await launcher()).join({
      home,
      link: given === "-" ? await readLink(command, context.stdin) : given,
      name: option("name") ?? null,
      slug: option("as") ?? null,
      ...readMode(context, command),
      http: option("http") === undefined ? null : flag("http"),
      signal,
    });
    for (const notice of answer.notices) out.note(`notice: ${notice}`);
    if (flag("json")) {
      out.json(answer);
      return exitCodes.ok;
    }
    const where = `mesh ${answer.mesh}, broker ${answer.broker_url}`;
    if (answer.change === "admitted") out.line(`joined as ${out.paint.bold(answer.address)}  ${where}`);
    else if (answer.change === "address") out.line(`${answer.address} now follows its broker to ${answer.broker_url}`);
    else out.line(`${answer.address} is a member already  ${where}`);
    printMode(out, answer.daemon.status);
    return exitCodes.ok;
  },
};

/** From a pipe or a file, so that the link stays out of the shell's history. */
export async function readLink(command: Command, stdin: Input): Promise<string> {
  let text = "";
  for await (const chunk of stdin) {
    text += Buffer.from(chunk).toString("utf8");
    if (text.length > inviteLinkCharsMax) break;
  }
  const link = text.trim();
  if (link === "") throw usage(command, "standard input holds no link");
  return link;
}
