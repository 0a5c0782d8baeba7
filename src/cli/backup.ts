import { bytesText } from "./bytes-text.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import type { BackupMade } from "./home-life.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { passphraseOption, readPassphrase } from "./passphrase.ts";
import { unbroken } from "./printable.ts";

export const command: Command = {
  name: "backup",
  summary: "Write a member's keys, settings and messages, or the broker's, into a file that a passphrase opens",
  usage: "backup --out FILE [--mesh SLUG | --broker | --all] [--keys-only] [--force]",
  options: {
    out: {
      type: "string",
      value: "FILE",
      help: "where to: a file, or a folder that is there, in which it is called MESH.claudemesh-backup",
      complete: "file",
    },
    broker: { type: "boolean", help: "of the broker of this home, with the messages that it keeps" },
    all: {
      type: "boolean",
      help: "of every mesh of this home, and of its broker, a file each; --out is a folder then",
    },
    "keys-only": { type: "boolean", help: "without the databases: the outbox, the inbox, what a broker keeps" },
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
    if (to === "-") throw usage(command, "a backup is written as a file: --out FILE");
    const chosen = [flag("all"), flag("broker"), option("mesh") !== undefined].filter(Boolean).length;
    if (chosen > 1) throw usage(command, "--mesh, --broker and --all: one of them");
    const passphrase = await readPassphrase(command, context, { twice: true });
    if (passphrase === null) return exitCodes.interrupted;
    out.progress("copying the databases, then sealing all of it");
    const made = await (await launcher()).backup({
      home,
      what: flag("all") ? { kind: "all" } : flag("broker") ? { kind: "broker" } : { kind: "mesh", mesh },
      out: to,
      keysOnly: flag("keys-only"),
      force: flag("force"),
      passphrase,
    });
    for (const one of made) for (const notice of one.notices) out.note(`notice: ${named(one)}: ${unbroken(notice)}`);
    if (flag("json")) out.json({ backups: made });
    else for (const one of made) print(out.line, one);
    return exitCodes.ok;
  },
};

function named({ mesh, address }: BackupMade): string {
  return mesh === null ? "the broker" : `${unbroken(address ?? "")} of mesh ${mesh}`;
}

function print(line: (text: string) => void, made: BackupMade): void {
  line(`backed up ${named(made)} to ${unbroken(made.path)} (${bytesText(made.bytes)})`);
  line(`in it: ${made.files.join(", ")}`);
}
