import { basename } from "node:path";
import type { AttachmentView } from "../protocol/attachment.ts";
import { isAttachmentName } from "../protocol/attachment.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { messageOptions, typedMessage } from "./bringing-message.ts";
import { bytesText } from "./bytes-text.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { fileBytes } from "./file-bytes.ts";
import { openTarget } from "./new-file.ts";
import { requireWords, usage } from "./parse-arguments.ts";
import { quoted, unbroken } from "./printable.ts";

export const command: Command = {
  name: "files get",
  summary: "Write a file that a message brought",
  usage: "files get <inbox_id | history_id | lease_id> [name] [options]",
  options: {
    ...messageOptions,
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
  examples: [
    "files get 12",
    "files get 12 report.pdf --out ~/Downloads",
    "files get 12 --out - | tar t",
    "files get 57 --history '#builds'",
    'files get "$CLAUDEMESH_LEASE_ID" --queue "$CLAUDEMESH_QUEUE"',
  ],
  async run(context) {
    const { client, out, positionals, flag, signal } = context;
    requireWords(command, positionals, 1, 2);
    const { message, called } = typedMessage(command, context, positionals[0] ?? "");
    const { files } = client();
    const file = chosen(await files.list(message, { signal }), positionals[1], called);
    const total = bytesText(file.bytes);
    const chunks = fileBytes(files, message, file, signal, (got) =>
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

function chosen(attachments: readonly AttachmentView[], name: string | undefined, called: string): AttachmentView {
  const [only, another] = attachments;
  const names = attachments.map((file) => unbroken(file.name)).join(", ");
  if (only === undefined)
    throw new ClaudemeshError("not_found", `${called} brought no files`, { hint: "claudemesh inbox" });
  if (name === undefined) {
    if (another === undefined) return only;
    throw usage(
      command,
      `${called} brought ${attachments.length} files, ${names}: name one`,
      "add its name: claudemesh files get NUMBER NAME",
    );
  }
  const found = attachments.filter((file) => file.name === name || file.file_id === name);
  const [first, second] = found;
  if (first === undefined)
    throw new ClaudemeshError("not_found", `${called} brought no file ${quoted(name)}`, {
      hint: `it brought ${names}; claudemesh files list shows them`,
    });
  if (second !== undefined && second.file_id !== first.file_id)
    throw usage(
      command,
      `several files are called ${quoted(name)}`,
      "name one by its file_id: claudemesh files list --json shows it",
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
