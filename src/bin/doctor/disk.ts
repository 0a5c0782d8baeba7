import { shellWords } from "../../cli/shell-words.ts";
import { type HomeCheck, ok, problem, warning } from "./check.ts";

const problemBelowBytes = 100_000_000;
const warningBelowBytes = 1_000_000_000;
/** A start and a few sends make some files; far fewer are left on a disk that is full of small ones. */
const problemBelowFiles = 100;

/** Without room nothing can be accepted: every answer comes after a write. */
export const check: HomeCheck = {
  name: "disk",
  run({ home, free }) {
    const left = free(home);
    if (left === null) return [];
    if (left.files !== null && left.files < problemBelowFiles)
      return [
        problem(
          `${left.files} more files fit on the disk of ${home}, however many bytes are free`,
          `remove what has made so many small files; ${shellWords(["df", "-i", home])} shows how it stands`,
        ),
      ];
    const text = `${Math.floor(left.bytes / 1_000_000)} MB are free on the disk of ${home}`;
    if (left.bytes < problemBelowBytes) return [problem(text, "make room: sends are refused when the disk is full")];
    if (left.bytes < warningBelowBytes) return [warning(text, "make room before the disk is full")];
    return [ok(text)];
  },
};
