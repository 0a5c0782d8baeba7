import { shellWords } from "../../cli/shell-words.ts";
import { type Outcome, problem, warning } from "./check.ts";
import type { Host } from "./host.ts";

/** What is wrong with a folder that only its user may enter; empty when nothing is, or when it is not there. */
export function folderFaults(host: Host, path: string): Outcome[] {
  const found = host.stat(path);
  if (found === null) return [];
  if (found.kind !== "folder")
    return [problem(`${path} is not a folder`, `move it away: ${shellWords(["mv", path, `${path}.away`])}`)];
  if (host.uid !== null && found.uid !== host.uid) return [otherOwner(path)];
  if (host.uid === null || (found.mode & 0o077) === 0) return [];
  return [
    warning(
      `${path} can be entered by others (mode ${found.mode.toString(8)}); it must be 700`,
      shellWords(["chmod", "700", path]),
    ),
  ];
}

/** What is wrong with a file that only its user may read. `secret`: nothing starts while others can read it. */
export function fileFaults(host: Host, path: string, secret: boolean): Outcome[] {
  const found = host.stat(path);
  if (found === null) return [];
  if (found.kind !== "file")
    return [problem(`${path} is not a file`, `move it away: ${shellWords(["mv", path, `${path}.away`])}`)];
  if (host.uid !== null && found.uid !== host.uid) return [otherOwner(path)];
  if (host.uid === null || (found.mode & 0o077) === 0) return [];
  const tell = secret ? problem : warning;
  return [
    tell(
      `${path} can be read by others (mode ${found.mode.toString(8)}); it must be 600`,
      shellWords(["chmod", "600", path]),
    ),
  ];
}

function otherOwner(path: string): Outcome {
  return problem(
    `${path} belongs to another user`,
    `give it back: sudo chown -R "$(id -u)" ${shellWords([path])}; run claudemesh as one user, never with sudo`,
  );
}
