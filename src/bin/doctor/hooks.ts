import { join } from "node:path";
import { type DaemonCheck, ok, type Outcome, problem, warning } from "./check.ts";
import { folderFaults } from "./file-rules.ts";
import type { Host } from "./host.ts";
import { shellWords } from "../../cli/shell-words.ts";
import { changeableByOthers, hookFileFault } from "../../daemon/hooks/hook-file-rules.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { hookNamesText, isHook } from "../../protocol/hook-names.ts";
import { parseHooksConfig } from "../../protocol/hooks-config.ts";

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
      ...settingsFaults(host, dir, names),
      ...names.flatMap((name) => hookFaults(host, folder, name)),
    ];
    if (faults.length > 0) return faults;
    return names.length === 0 ? [] : [ok(`${names.join(", ")}: this user's own, and executable`)];
  },
};

/** hooks.toml as a start would read it, and what it enables that is not there. */
function settingsFaults(host: Host, dir: string, names: readonly string[]): Outcome[] {
  const path = join(dir, "hooks.toml");
  const faults = writable(host, path);
  if (faults.length > 0) return faults;
  try {
    return [...parseHooksConfig(host.text(path) ?? "", path)]
      .filter(([hook, { enabled }]) => enabled && !names.includes(hook))
      .map(([hook]) =>
        warning(
          `${path} enables ${hook}, and there is no ${join(dir, "hooks", hook)}`,
          shellWords(["claudemesh", "hooks", "disable", hook]),
        ),
      );
  } catch (thrown) {
    const error = ClaudemeshError.from(thrown);
    return [problem(`${error.message}; no start takes it`, error.hint ?? `correct ${path}`)];
  }
}

function hookFaults(host: Host, folder: string, name: string): Outcome[] {
  const path = join(folder, name);
  const found = host.stat(path);
  if (found === null) return [];
  if (!isHook(name)) return [warning(`${path} is called for no event`, `name it one of ${hookNamesText}`)];
  switch (hookFileFault({ isFile: found.kind === "file", uid: found.uid, mode: found.mode }, host.uid)) {
    case "not_a_file":
      return [
        warning(`${path} is not a file of its own, so it is not run`, "put the program itself there, not a link"),
      ];
    case "other_owner":
    case "writable":
      return writable(host, path);
    case "not_executable":
      return [warning(`${path} is not executable, so it is not run`, shellWords(["chmod", "u+x", path]))];
    case null:
      return host.uid === null ? [] : unstartable(host, path);
  }
}

/** What another user could change must not run as this one. */
function writable(host: Host, path: string): Outcome[] {
  const found = host.stat(path);
  if (found === null || !changeableByOthers(found, host.uid)) return [];
  if (found.uid !== host.uid)
    return [
      problem(
        `${path} belongs to another user, so it is not run`,
        `look at what it does; then: sudo chown "$(id -u)" ${shellWords([path])}`,
      ),
    ];
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
