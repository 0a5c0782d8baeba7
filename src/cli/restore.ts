import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { passphraseOption, readPassphrase } from "./passphrase.ts";
import { unbroken } from "./printable.ts";

export const command: Command = {
  name: "restore",
  summary: "Make the member of a backup one of this home, or put back its broker, on this host or another",
  usage: "restore --in FILE [--replace]",
  options: {
    in: { type: "string", value: "FILE", help: "what `backup` wrote", complete: "file" },
    replace: {
      type: "boolean",
      help: "where this home has a mesh of that name, or a broker: stop it and set its folder aside",
    },
    ...passphraseOption,
  },
  exits: ["conflict"],
  related: ["backup", "up", "doctor"],
  examples: ["restore --in ~/alice.claudemesh-backup", "restore --in alice.claudemesh-backup --replace"],
  async run(context) {
    const { launcher, out, positionals, home, option, flag } = context;
    requireWords(command, positionals, 0, 0);
    const from = option("in") ?? "";
    if (from === "") throw usage(command, "`claudemesh restore` needs to know what to read: --in FILE");
    const passphrase = await readPassphrase(command, context, { twice: false });
    if (passphrase === null) return exitCodes.interrupted;
    out.progress("opening the backup; nothing is put in place before all of it is verified");
    const restored = await (await launcher()).restore({ home, from, replace: flag("replace"), passphrase });
    for (const notice of restored.notices) out.note(`notice: ${unbroken(notice)}`);
    if (flag("json")) {
      out.json(restored);
      return exitCodes.ok;
    }
    const { mesh, address } = restored;
    const what = mesh === null ? "the broker" : `${unbroken(address ?? "")} of mesh ${mesh}`;
    out.line(`restored ${what}, as of ${unbroken(restored.as_of)}`);
    if (restored.set_aside !== null) out.line(`what was in its place is in ${unbroken(restored.set_aside)}`);
    out.line("next: claudemesh up");
    return exitCodes.ok;
  },
};
