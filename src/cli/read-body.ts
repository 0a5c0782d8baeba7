import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { ClaudemeshError } from "../protocol/error.ts";
import type { Input } from "./command.ts";

/** What a message says: text, or bytes in base64url when they are not UTF-8. */
export type Body = { readonly message: string } | { readonly body: string };

/** Bytes of standard input or a file. Nothing beyond `bytesMax`, the limit of the mesh, is read into memory. */
export async function readBody(source: Input | { readonly file: string }, bytesMax: number): Promise<Body> {
  if (!("file" in source)) return bodyOf(await collect(source, "standard input", bytesMax));
  try {
    const { size } = await stat(source.file);
    if (size > bytesMax) throw tooLarge(source.file, `${size} bytes`, bytesMax);
    return bodyOf(await collect(createReadStream(source.file), source.file, bytesMax));
  } catch (thrown) {
    if (thrown instanceof ClaudemeshError) throw thrown;
    const reason =
      thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT"
        ? "there is no such file"
        : ClaudemeshError.from(thrown).message;
    throw new ClaudemeshError("usage", `--file ${source.file}: ${reason}`, {
      hint: "give the path of a file that you may read",
      cause: thrown,
    });
  }
}

/** Text that is given on the command line. */
export function textBody(text: string, bytesMax: number): Body {
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) throw tooLarge("the text", `${bytes} bytes`, bytesMax);
  return { message: text };
}

async function collect(source: AsyncIterable<Uint8Array>, name: string, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(name, `more than ${bytesMax} bytes`, bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** Text when the bytes are UTF-8, else the bytes. */
export function bodyOf(bytes: Buffer): Body {
  try {
    return { message: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { body: bytes.toString("base64url") };
  }
}

function tooLarge(name: string, size: string, bytesMax: number): ClaudemeshError {
  return new ClaudemeshError(
    "body_too_large",
    `${name} holds ${size}; one message of this mesh takes at most ${bytesMax}. Nothing was sent`,
    {
      hint: "send its lines one by one (--lines), or send it as a file: --attach FILE",
      details: { bytes_max: bytesMax },
    },
  );
}
