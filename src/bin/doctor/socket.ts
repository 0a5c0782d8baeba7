import { join } from "node:path";
import { shellWords } from "../../cli/shell-words.ts";
import { socketPathBytesMax, socketPathFor } from "../../http/socket-path.ts";
import { isEphemeral } from "../ephemeral/ended-folder.ts";
import { type DaemonCheck, ok, problem, warning } from "./check.ts";

/** A path that is too long for a socket is no fault: it moves, and whoever dials by hand has to know. */
export const check: DaemonCheck = {
  name: "socket",
  run(host, { dir, slug, status }) {
    const direct = join(dir, "sock");
    const path = status?.socket ?? socketPathFor(dir, "sock", process.env);
    const found = host.stat(path);
    if (found !== null && found.kind !== "socket")
      return [
        problem(
          `${path} is in the way of the socket: it is ${found.kind === "other" ? "something else" : `a ${found.kind}`}`,
          `look at it, then: ${shellWords(["rm", "-r", path])}`,
        ),
      ];
    if (found !== null && status?.state === "stopped" && host.isLocked(join(dir, "daemon.lock")) !== true)
      return [
        warning(
          `${path} was left by a daemon that was killed: nobody listens on it`,
          isEphemeral(dir)
            ? "the next claudemesh up removes it"
            : `the next start takes its place: claudemesh daemon up --mesh ${slug}`,
        ),
      ];
    if (path === direct) return [ok(`the socket stands at ${path}`)];
    return [ok(`the socket stands at ${path}: the path in the home has more than ${socketPathBytesMax} bytes`)];
  },
};
