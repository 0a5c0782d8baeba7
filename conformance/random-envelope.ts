import type { Request } from "./adapter.ts";
import type { Random } from "./random.ts";
import { randomMeta } from "./random-meta.ts";

const texts = [
  "builds",
  "a",
  "",
  "ö",
  "😂",
  "\uffff",
  "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12",
  "a1".repeat(32),
  '"',
  "\\",
  ",",
  "/",
  "\u007f",
  "\u2028",
  "x y",
];
const optional = ["reply_to", "priority", "meta_text", "mentions", "content_type", "body"] as const;
const metas = ["", "null", "{}", ' { "b" : 1 , "a" : -0 } '];
const faults: readonly Request[] = [
  { kind: "agent" },
  { kind: null },
  { priority: "high" },
  { priority: 5 },
  { ref: null },
  { ref: 7 },
  { ref: "a\u0000b" },
  { reply_to: "\n" },
  { content_type: "\u001f" },
  { mentions: ["x", "\u0001"] },
  { mentions: [3] },
  { mentions: "x" },
  { mesh_id: "\ud800" },
  { mesh_id: null },
  { ref: "\udfff" },
  { mentions: ["\udc00"] },
  { body: "aGVsb" },
  { body: "aA==" },
  { body: "+/" },
  { body: "aB" },
  { meta_text: "[]" },
  { meta_text: '{"a":1,"a":2}' },
  { meta_text: '{"a":1e400}' },
  { meta_text: '{"a":"\\ud800"}' },
];

/** Both versions of an envelope, most often one that has fingerprints. It has one fault at most: of two, either may win. */
export function randomEnvelope(random: Random): readonly Request[] {
  const envelope: Record<string, unknown> = {
    mesh_id: text(random),
    kind: random.pick(["topic", "dm", "queue", "request"]),
    ref: text(random),
  };
  for (const name of optional) if (!random.once(3)) envelope[name] = random.once(10) ? null : given(random, name);
  if (random.once(12)) Object.assign(envelope, { meta_text: random.pick(metas) }, random.pick(faults));
  return [1, 2].map((version) => ({ op: "fingerprint", version, envelope }));
}

function given(random: Random, name: (typeof optional)[number]): unknown {
  switch (name) {
    case "priority":
      return random.pick(["now", "next", "low"]);
    case "mentions":
      return Array.from({ length: random.below(6) }, () => text(random));
    case "meta_text":
      return metaText(random);
    case "body":
      return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256))).toString("base64url");
    default:
      return text(random);
  }
}

function metaText(random: Random): string {
  const { text: written, as } = randomMeta(random);
  return typeof written === "string" && as === "meta" ? written : random.pick(metas);
}

function text(random: Random): string {
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(texts)).join("");
}
