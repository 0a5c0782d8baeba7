import { randomInt } from "node:crypto";
import { defaultMemberName } from "../member-name.ts";

const characters = "abcdefghijklmnopqrstuvwxyz0123456789";
const randomChars = 6;

/** The name of an ephemeral member for whom none was chosen. A name is never given twice, so each has one of its own. */
export function ephemeralName(isCi: boolean, draw: (below: number) => number = randomInt): string {
  const drawn = Array.from({ length: randomChars }, () => characters[draw(characters.length)]).join("");
  return `${isCi ? "ci" : defaultMemberName()}-${drawn}`;
}
