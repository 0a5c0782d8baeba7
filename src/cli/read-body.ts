import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { ClaudemeshError } from "../protocol/error.ts";
import { limits } from "../protocol/limits.ts";
import type { Input } from "./command.ts";

/** What a message says: text, or bytes in base64url when they are not UTF-8. */
export type Body = { readonly message: string } | { readonly body: string };

/** Bytes of standard input or a file. Nothing beyond the daemon's own limit is read into memory. */
export async function readBody(source: Input | { readonly file: string }): Promise<Body> {
  if (!("file" in source)) return asBody(await collect(source, "standard input"));
  try {
    const { size } = await stat(source.file);
    if (size > limits.inlineBytes) throw tooLarge(source.file, `${size} bytes`);
    return asBody(await collect(createReadStream(source.file), source.file));
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

async function collect(source: AsyncIterable<Uint8Array>, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > limits.inlineBytes) throw tooLarge(name, `more than ${limits.inlineBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function asBody(bytes: Buffer): Body {
  try {
    return { message: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { body: bytes.toString("base64url") };
  }
}

function tooLarge(name: string, size: string): ClaudemeshError {
  return new ClaudemeshError(
    "body_too_large",
    `${name} holds ${size}; one message takes at most ${limits.inlineBytes}. Nothing was sent`,
    {
      hint: "send it in parts, or send a reference to where it lies",
      details: { bytes_max: limits.inlineBytes },
    },
  );
}
