const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The body as text when its type says text and its bytes are UTF-8; else null. */
export function textOf(contentType: string, body: Uint8Array): string | null {
  if (!/^(text\/|application\/json)/.test(contentType)) return null;
  try {
    return utf8.decode(body);
  } catch {
    return null;
  }
}
