import { readFile } from "node:fs/promises";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Command, CommandContext, Input, Option } from "./command.ts";
import { usage } from "./parse-arguments.ts";
import { promptHidden } from "./prompt-hidden.ts";

export const passphraseVariable = "CLAUDEMESH_BACKUP_PASSPHRASE";
const passphraseBytesMax = 1_024;

export const passphraseOption: Readonly<Record<string, Option>> = {
  "passphrase-file": {
    type: "string",
    value: "FILE",
    help: `its one line is the passphrase; - for standard input. Else ${passphraseVariable}, else it is asked for`,
    complete: "file",
  },
};

/**
 * The passphrase of a backup: of a file, of the environment, or typed, never of the command line, which others on the host can
 * read. `twice`: a new one is typed again. null: whoever was asked does not want to go on. Throws usage.
 */
export async function readPassphrase(
  command: Pick<Command, "name" | "usage">,
  context: CommandContext,
  { twice }: { readonly twice: boolean },
): Promise<string | null> {
  const file = context.option("passphrase-file");
  if (file !== undefined) return ofFile(command, file, context);
  const given = context.env[passphraseVariable] ?? "";
  if (given !== "") return checked(command, Buffer.from(given, "utf8"), passphraseVariable);
  const { stdin } = context;
  if (stdin.isTTY !== true || stdin.setRawMode === undefined)
    throw usage(command, "no passphrase is given, and there is no terminal to ask on", howToGive);
  const typed = await promptHidden(stdin, twice ? 2 : 1, (index) =>
    context.out.note(index === 0 ? "passphrase of the backup, which is not shown:" : "once more:"),
  );
  if (typed === null) return null;
  const [first = Buffer.alloc(0), second = first] = typed;
  if (!first.equals(second)) throw usage(command, "the two passphrases differ", "type the same one twice");
  return checked(command, first, "what was typed");
}

const howToGive = `--passphrase-file FILE, or the variable ${passphraseVariable}`;

async function ofFile(
  command: Pick<Command, "name" | "usage">,
  path: string,
  context: CommandContext,
): Promise<string> {
  const what = path === "-" ? "standard input" : path;
  let bytes: Buffer;
  try {
    bytes = path === "-" ? await beginningOf(context.stdin) : await readFile(path);
  } catch (cause) {
    throw new ClaudemeshError("usage", `${path} cannot be read: ${ClaudemeshError.from(cause).message}`, {
      hint: "name a file that holds the passphrase and nothing else: --passphrase-file FILE",
      cause,
    });
  }
  const end = /\r?\n$/.exec(bytes.subarray(-2).toString("latin1"))?.[0].length ?? 0;
  return checked(command, bytes.subarray(0, bytes.length - end), what);
}

async function beginningOf(input: Input): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of input) {
    parts.push(part);
    bytes += part.length;
    if (bytes > passphraseBytesMax * 2) break;
  }
  return Buffer.concat(parts);
}

/** What is wrong is told without the passphrase itself. */
function checked(command: Pick<Command, "name" | "usage">, bytes: Buffer, what: string): string {
  if (bytes.length === 0) throw usage(command, `${what} is empty: a backup has a passphrase`, howToGive);
  if (bytes.length > passphraseBytesMax)
    throw usage(command, `${what} is longer than a passphrase can be: ${passphraseBytesMax} bytes`, howToGive);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usage(command, `${what} is not UTF-8`, howToGive);
  }
  if (/[\r\n\0]/.test(text)) throw usage(command, `${what} holds more than one line`, howToGive);
  return text;
}
