const idsMax = 256;

/**
 * The broker_message_ids of the frames in a text (protocol/agent-framing.ts): no sender can write such a frame, since its tag is
 * made harmless in what it sends.
 */
export function shownIds(text: string): readonly string[] {
  const found = text.matchAll(/<claudemesh-(?:message|notice)-[a-z0-9]+ [^<>\n]*?\bid="([0-9a-f-]{36})"/g);
  const ids = new Set<string>();
  for (const [, id = ""] of found) if (ids.size < idsMax) ids.add(id);
  return [...ids];
}
