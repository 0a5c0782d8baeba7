import { join } from "node:path";
import { type DaemonCheck, ok, type Outcome, problem, warning } from "./check.ts";
import type { Host } from "./host.ts";

/** Shorter than any token: what is found by it would say nothing. */
const tokenCharsMin = 16;
/** Processes that are named; more have one cause. */
const namedMax = 5;

/**
 * Whether the token of the local API can be seen by others. Its file is looked at with the other files; here it is sought where programs
 * leave it: the words of a command are open to every user of a host, and an environment goes to all that a program starts.
 */
export const check: DaemonCheck = {
  name: "token",
  run(host, { dir, slug, status }) {
    const token = tokenOf(host, join(dir, "local_token"));
    if (token === null) return [];
    const faults: Outcome[] = [];
    const renew = `give it by the file's name, then a new one: claudemesh rotate-token --mesh ${slug}`;
    const seen = host.processesWith(token);
    if (seen.words.length > 0)
      faults.push(
        problem(`every user of this host can read the local token in the words of ${processes(seen.words)}`, renew),
      );
    if (seen.environment.length > 0)
      faults.push(
        warning(
          `the local token stands in the environment of ${processes(seen.environment)}, and of all they start`,
          renew,
        ),
      );
    const port = status?.http_port ?? null;
    if (port !== null && isContainer(host))
      faults.push(
        warning(
          `the local API listens on 127.0.0.1:${port} in a container: where containers share a network, the others reach it and need the token alone`,
          `claudemesh daemon down --mesh ${slug}; claudemesh daemon up --no-http --mesh ${slug}`,
        ),
      );
    return faults.length > 0 ? faults : [ok("the local token stands in its file alone")];
  },
};

function isContainer(host: Host): boolean {
  try {
    return host.environment().kind === "container";
  } catch {
    // That it is said wrongly is told by the check of the environment.
    return false;
  }
}

/** null where there is none, or none that can be read: what is wrong with the file is told with the other files. */
function tokenOf(host: Host, path: string): string | null {
  if (host.stat(path)?.kind !== "file") return null;
  const token = host.text(path)?.trim() ?? "";
  return token.length < tokenCharsMin ? null : token;
}

function processes(pids: readonly number[]): string {
  const named = pids.slice(0, namedMax).join(", ");
  const more = pids.length - namedMax;
  return `${pids.length === 1 ? "process" : "processes"} ${named}${more > 0 ? ` and ${more} more` : ""}`;
}
