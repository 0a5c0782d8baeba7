import { type HomeCheck, ok, problem, warning } from "./check.ts";

const problemBelowBytes = 100_000_000;
const warningBelowBytes = 1_000_000_000;

/** Without room nothing can be accepted: every answer comes after a write. */
export const check: HomeCheck = {
  name: "disk",
  run({ home, freeBytes }) {
    const free = freeBytes(home);
    if (free === null) return [];
    const text = `${Math.floor(free / 1_000_000)} MB are free on the disk of ${home}`;
    if (free < problemBelowBytes) return [problem(text, "make room: sends are refused when the disk is full")];
    if (free < warningBelowBytes) return [warning(text, "make room before the disk is full")];
    return [ok(text)];
  },
};
