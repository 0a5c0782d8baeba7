import { bytesText } from "./bytes-text.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import type { BackupMade } from "./home-life.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { passphraseOption, readPassphrase } from "./passphrase.ts";
import { unbroken } from "./printable.ts";

export const command: Command = {
  name: "backup",
  summary: "Write a member's keys, settings and messages into one file, sealed under a passphrase",
  usage: "backup --out FILE [--mesh SLUG | --all] [--keys-only] [--force]",
  options: {
    out: {
      type: "string",
      value: "FILE",
      help: "where to: a file, or a folder that is there, in which it is called MESH.claudemesh-backup",
      complete: "file",
    },
    all: { type: "boolean", help: "of every mesh of this home, a file each; --out is a folder then" },
    "keys-only": { type: "boolean", help: "without the outbox and the inbox" },
    ...passphraseOption,
    force: { type: "boolean", help: "replace a file that is there" },
  },
  exits: ["notRunning", "conflict"],
  related: ["restore", "reset", "doctor"],
  examples: [
    "backup --out ~/alice.claudemesh-backup",
    "backup --all --out /media/stick --passphrase-file ~/.backup-word",
  ],
  async run(context) {
    const { launcher, out, positionals, home, mesh, option, flag } = context;
    requireWords(command, positionals, 0, 0);
    const to = option("out") ?? "";
    if (to === "") throw usage(command, "`claudemesh backup` needs to know where to write: --out FILE");
    if (flag("all") && option("mesh") !== undefined)
      throw usage(command, "--all is every mesh, and --mesh one of them");
    const passphrase = await readPassphrase(command, context, { twice: true });
    if (passphrase === null) return exitCodes.interrupted;
    out.progress("copying the databases, then sealing all of it");
    const made = await (await launcher()).backup({
      home,
      mesh,
      all: flag("all"),
      out: to,
      keysOnly: flag("keys-only"),
      force: flag("force"),
      passphrase,
    });
    for (const { mesh: slug, notices } of made)
      for (const notice of notices) out.note(`notice: mesh ${slug}: ${unbroken(notice)}`);
    if (flag("json")) out.json({ backups: made });
    else for (const one of made) print(out.line, one);
    return exitCodes.ok;
  },
};

function print(line: (text: string) => void, { mesh, address, path, bytes, files }: BackupMade): void {
  line(`backed up ${unbroken(address)} of mesh ${mesh} to ${unbroken(path)} (${bytesText(bytes)})`);
  line(`in it: ${files.join(", ")}`);
}
