import { type HomeCheck, ok, problem } from "./check.ts";
import { isAtLeast } from "./version.ts";

const least = "24.15.0";

/** The one that runs this command also runs the daemon and the broker that it starts. */
export const check: HomeCheck = {
  name: "node",
  run: ({ nodeVersion }) => [
    isAtLeast(nodeVersion, least)
      ? ok(`Node ${nodeVersion}`)
      : problem(`Node ${nodeVersion} is older than ${least}`, `install Node ${least} or later`),
  ],
};
