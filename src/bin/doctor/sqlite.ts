import { type HomeCheck, ok, problem } from "./check.ts";
import { isAtLeast } from "./version.ts";

const least = "3.51.3";

/** The library is a part of Node. */
export const check: HomeCheck = {
  name: "sqlite",
  run: ({ sqliteVersion }) => [
    isAtLeast(sqliteVersion, least)
      ? ok(`SQLite ${sqliteVersion}`)
      : problem(
          `SQLite ${sqliteVersion} is older than ${least}, which is the first that keeps databases of this kind safe`,
          "install Node 24.15 or later",
        ),
  ],
};
