import { basename } from "node:path";
import type { AttachmentView } from "../protocol/attachment.ts";
import { isAttachmentName } from "../protocol/attachment.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import type { InboxItem } from "../protocol/local-api.ts";
import { bytesText } from "./bytes-text.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { fileBytes } from "./file-bytes.ts";
import { openTarget } from "./new-file.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { quoted, unbroken } from "./printable.ts";
import { inboxNumber } from "./row-number.ts";

export const command: Command = {
  name: "files get",
  summary: "Write a file that a message brought",
  usage: "files get <inbox_id> [name] [--out PATH] [--force]",
  options: {
    out: {
      type: "string",
      value: "PATH",
      help: "where to: a file, a folder that is there, or - for standard output; by default this folder, under the name that its sender gave it",
      complete: "file",
    },
    force: { type: "boolean", help: "replace what is there" },
  },
  exits: ["notRunning", "notFound", "conflict", "tryLater"],
  related: ["files list", "inbox show", "send"],
  examples: ["files get 12", "files get 12 report.pdf --out ~/Downloads", "files get 12 --out - | tar t"],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 1, 2);
    const inboxId = inboxNumber(command, positionals[0] ?? "");
    const asked = client();
    const file = chosen(await asked.inbox.item(inboxId, { signal }), positionals[1]);
    const total = bytesText(file.bytes);
    const chunks = fileBytes(asked.files, inboxId, file, signal, (got) =>
      out.progress(`${unbroken(file.name)}: ${bytesText(got)} of ${total}`),
    );
    if (context.option("out") === "-") {
      await toStandardOutput(chunks);
      return exitCodes.ok;
    }
    const target = await openTarget(placeOf(context, file), { force: flag("force") });
    try {
      for await (const chunk of chunks) await target.write(chunk);
      await target.keep();
    } finally {
      await target.drop();
    }
    if (flag("json")) out.json({ ...file, path: target.path });
    else out.line(`wrote ${unbroken(file.name)} (${total}) to ${target.path}`);
    return exitCodes.ok;
  },
};

function chosen({ inbox_id, attachments }: InboxItem, name: string | undefined): AttachmentView {
  const [only, another] = attachments;
  const names = attachments.map((file) => unbroken(file.name)).join(", ");
  if (only === undefined)
    throw new ClaudemeshError("not_found", `message #${inbox_id} brought no files`, { hint: "claudemesh inbox" });
  if (name === undefined) {
    if (another === undefined) return only;
    throw usage(
      command,
      `message #${inbox_id} brought ${attachments.length} files, ${names}: name one`,
      `claudemesh files get ${inbox_id} NAME`,
    );
  }
  const found = attachments.filter((file) => file.name === name || file.file_id === name);
  const [first, second] = found;
  if (first === undefined)
    throw new ClaudemeshError("not_found", `message #${inbox_id} brought no file ${quoted(name)}`, {
      hint: `it brought ${names}: claudemesh files get ${inbox_id} NAME`,
    });
  if (second !== undefined && second.file_id !== first.file_id)
    throw usage(
      command,
      `several files are called ${quoted(name)}`,
      `name one by its id: claudemesh files list ${inbox_id} --json`,
    );
  return first;
}

/** A name comes from another host: it names nothing outside the folder, and nothing that hides or that programs read by themselves. */
function placeOf(
  context: CommandContext,
  { name }: AttachmentView,
): { readonly path: string; readonly name: string | null } {
  const out = context.option("out");
  const fits = isAttachmentName(name) && basename(name) === name && !/^[.~-]/.test(name) && !/[. ]$/.test(name);
  if (fits) return { path: out ?? ".", name };
  if (out === undefined)
    throw usage(command, `the file's name, ${quoted(name)}, is not one to write under`, "say where to: --out PATH");
  return { path: out, name: null };
}

async function toStandardOutput(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks)
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(chunk, (error) => (error === null || error === undefined ? resolve() : reject(error))),
    );
}
