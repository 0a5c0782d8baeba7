import { join } from "node:path";
import { type HomeCheck, warning } from "./check.ts";
import { folderFaults } from "./file-rules.ts";
import { shellWords } from "../../cli/shell-words.ts";

/** Members that were set aside and not deleted: their folders hold keys that still open what was sealed to them. */
export const check: HomeCheck = {
  name: "set-aside",
  run(host) {
    const folder = join(host.home, "set-aside");
    return [
      ...folderFaults(host, folder),
      ...host
        .names(folder)
        .filter((name) => host.stat(join(folder, name, "keypair.json")) !== null)
        .map((name) =>
          warning(
            `${join(folder, name)} was set aside and holds a member's keys`,
            `when nothing in it is needed any more: ${shellWords(["rm", "-r", join(folder, name)])}`,
          ),
        ),
    ];
  },
};
