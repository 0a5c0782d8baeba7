import { join } from "node:path";
import { socketPathBytesMax, socketPathFor } from "../../http/socket-path.ts";
import { type DaemonCheck, ok, problem } from "./check.ts";

/** A path that is too long for a socket is no fault: it moves, and whoever dials by hand has to know. */
export const check: DaemonCheck = {
  name: "socket",
  run(host, { dir, status }) {
    const direct = join(dir, "sock");
    const path = status?.socket ?? socketPathFor(dir, "sock", process.env);
    const found = host.stat(path);
    if (found !== null && found.kind !== "socket")
      return [problem(`${path} is in the way of the socket: it is a ${found.kind}`, `look at it, then: rm ${path}`)];
    if (path === direct) return [ok(`the socket stands at ${path}`)];
    return [ok(`the socket stands at ${path}: the path in the home has more than ${socketPathBytesMax} bytes`)];
  },
};
