import { join } from "node:path";
import { type DaemonCheck, ok, type Outcome, problem, warning } from "./check.ts";
import { folderFaults } from "./file-rules.ts";
import type { Host } from "./host.ts";
import { shellWords } from "../../cli/shell-words.ts";

const known =
  /^(on-message|on-dm|on-mention|on-topic-[^/]+|on-file-share|on-receipt|on-disconnect|on-reconnect|on-startup|pre-send)$/;
const groupOrOthersWrite = 0o022;
const ownerExecutes = 0o100;
/** A first line that is longer names no interpreter that a system would start. */
const firstLineBytes = 256;

/** Executables under hooks/ that could not run as they are, or that another user could put words into. */
export const check: DaemonCheck = {
  name: "hooks",
  run(host, { dir }) {
    const folder = join(dir, "hooks");
    const names = host.names(folder).filter((name) => !name.startsWith("."));
    const faults = [
      ...folderFaults(host, folder),
      ...writable(host, join(dir, "hooks.toml")),
      ...names.flatMap((name) => hookFaults(host, folder, name)),
    ];
    if (faults.length > 0) return faults;
    return names.length === 0 ? [] : [ok(`${names.join(", ")}: this user's own, and executable`)];
  },
};

function hookFaults(host: Host, folder: string, name: string): Outcome[] {
  const path = join(folder, name);
  const found = host.stat(path);
  if (found === null) return [];
  if (!known.test(name))
    return [
      warning(
        `${path} is called for no event`,
        "name it on-message, on-dm, on-mention, on-topic-NAME, on-file-share, on-receipt, on-disconnect, on-reconnect, on-startup or pre-send",
      ),
    ];
  if (found.kind !== "file")
    return [warning(`${path} is not a file of its own, so it is not run`, "put the program itself there, not a link")];
  const faults = writable(host, path);
  if (faults.length > 0) return faults;
  // Windows decides by the ending of the name.
  if (host.uid === null) return [];
  if ((found.mode & ownerExecutes) === 0)
    return [warning(`${path} is not executable, so it is not run`, shellWords(["chmod", "u+x", path]))];
  return unstartable(host, path);
}

/** What another user could change must not run as this one. */
function writable(host: Host, path: string): Outcome[] {
  const found = host.stat(path);
  if (found === null || host.uid === null) return [];
  if (found.uid !== host.uid)
    return [
      problem(
        `${path} belongs to another user, so it is not run`,
        `look at what it does; then: sudo chown "$(id -u)" ${shellWords([path])}`,
      ),
    ];
  if ((found.mode & groupOrOthersWrite) === 0) return [];
  return [
    problem(
      `${path} can be written by others (mode ${found.mode.toString(8)}), so it is not run`,
      shellWords(["chmod", "go-w", path]),
    ),
  ];
}

/** A script without a first line that names its interpreter is started by shells alone, and by no other program. */
function unstartable(host: Host, path: string): Outcome[] {
  const start = host.head(path, firstLineBytes);
  if (start === null || isBinary(start)) return [];
  const interpreter = /^#!\s*(\S+)/.exec(start.toString("latin1"))?.[1];
  if (interpreter === undefined)
    return [warning(`${path} does not begin with a line that names its interpreter`, "begin it with: #!/bin/sh")];
  if (host.stat(interpreter) !== null) return [];
  return [
    warning(`${path} names ${interpreter}, which is not there`, `install it, or correct the first line of ${path}`),
  ];
}

function isBinary(start: Buffer): boolean {
  return start.includes(0);
}
