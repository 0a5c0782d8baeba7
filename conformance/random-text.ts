import type { Random } from "./random.ts";

/** So many characters at most, of ranges at whose edges implementations differ. Seldom one is a lone surrogate. */
export function characters(random: Random, most: number): string {
  return Array.from({ length: random.below(most + 1) }, () => character(random)).join("");
}

const ranges = [
  [0x00, 0x20],
  [0x20, 0x80],
  [0x20, 0x80],
  [0x20, 0x80],
  [0x7f, 0x100],
  [0x2020, 0x2030],
  [0xd7f0, 0xd800],
  [0xe000, 0xe010],
  [0xfff0, 0x10000],
  [0x10000, 0x10010],
  [0x1f600, 0x1f640],
  [0x10fff0, 0x110000],
] as const;

function character(random: Random): string {
  if (random.once(1_500)) return String.fromCharCode(0xd800 + random.below(0x800));
  const [first, end] = random.pick(ranges);
  return String.fromCodePoint(first + random.below(end - first));
}
