import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Client } from "../client/client.ts";
import { isAttachmentName } from "../protocol/attachment.ts";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import type { SendAttachment } from "../protocol/attachment.ts";
import { bytesText } from "./bytes-text.ts";
import type { CommandContext } from "./command.ts";

interface FileMeant {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

/** Hands the files over to the daemon, one after the other. All are looked at before the first goes. Throws usage, body_too_large. */
export async function attach(
  { out, signal }: Pick<CommandContext, "out" | "signal">,
  client: Client,
  paths: readonly string[],
): Promise<readonly SendAttachment[]> {
  if (paths.length > limits.attachmentsMax)
    throw new ClaudemeshError("usage", `a message carries at most ${limits.attachmentsMax} files`, {
      hint: "send several messages, or an archive",
    });
  const meant = await Promise.all(paths.map(look));
  // Absent in the answer of an older daemon, which takes no files either.
  const { file_bytes = limits.fileBytes }: { readonly file_bytes?: number } = await client.version({ signal });
  for (const { path, bytes } of meant) {
    if (bytes <= file_bytes) continue;
    throw new ClaudemeshError(
      "body_too_large",
      `${path} has ${bytes} bytes; this mesh takes files of at most ${file_bytes}`,
      {
        hint: "send a part of it, or say where it lies",
        details: { bytes, bytes_max: file_bytes },
      },
    );
  }
  const attachments: SendAttachment[] = [];
  for (const { path, name, bytes } of meant) {
    const { file_id } = await client.files.put({ name, bytes, chunks: told(path, name, bytes, out) }, { signal });
    attachments.push({ file_id, name });
  }
  return attachments;
}

async function* told(path: string, name: string, bytes: number, out: CommandContext["out"]): AsyncGenerator<Buffer> {
  let read = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>) {
    yield chunk;
    read += chunk.length;
    out.progress(`${name}: ${bytesText(read)} of ${bytesText(bytes)} sealed`);
  }
}

async function look(path: string): Promise<FileMeant> {
  const name = basename(path);
  const found = await stat(path).catch((cause: unknown) => {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw refused(path, missing ? "there is no such file" : ClaudemeshError.from(cause).message, cause);
  });
  if (!found.isFile()) throw refused(path, "this is not a file");
  if (!isAttachmentName(name)) throw refused(path, "its name holds what no receiver could write");
  return { path, name, bytes: found.size };
}

function refused(path: string, reason: string, cause?: unknown): ClaudemeshError {
  return new ClaudemeshError("usage", `--attach ${path}: ${reason}`, {
    hint: "give the path of a file that you may read",
    ...(cause === undefined ? {} : { cause }),
  });
}
