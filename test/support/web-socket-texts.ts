/** The text messages in bytes that one side of a WebSocket wrote (RFC 6455 §5.2), unmasked; what is no frame is left out. */
export function webSocketTexts(bytes: Buffer): string[] {
  const texts: string[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && bytes.readUInt8(at) === finText) {
    const masked = (bytes.readUInt8(at + 1) & 0x80) !== 0;
    let size = bytes.readUInt8(at + 1) & 0x7f;
    at += 2;
    if (size === 126) {
      if (at + 2 > bytes.length) break;
      size = bytes.readUInt16BE(at);
      at += 2;
    } else if (size === 127) {
      if (at + 8 > bytes.length) break;
      size = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    const mask = masked ? bytes.subarray(at, at + 4) : null;
    if (mask !== null) at += 4;
    if (at + size > bytes.length) break;
    const payload = Buffer.from(bytes.subarray(at, at + size));
    if (mask !== null) for (let n = 0; n < size; n += 1) payload[n] = (payload[n] ?? 0) ^ (mask[n % 4] ?? 0);
    texts.push(payload.toString("utf8"));
    at += size;
  }
  return texts;
}

/** First byte of an unfragmented text frame. */
const finText = 0x81;
