import { dirname, join } from "node:path";
import { shellWords } from "../../cli/shell-words.ts";
import { claudeCode } from "../../protocol/claude-code/assumptions.ts";
import {
  hasInboxSocket,
  readSessionFile,
  type SessionFile,
  sessionFileBytesMax,
} from "../../protocol/claude-code/session-file.ts";
import { type InstallRecord, readInstallRecords } from "../agent-install/install-records.ts";
import { type HomeCheck, ok, type Outcome, problem, warning } from "./check.ts";
import type { Host } from "./host.ts";

/** Coding agents that were given claudemesh: whether they still start it, and whether messages can wake their sessions. */
export const check: HomeCheck = {
  name: "coding-agents",
  run(host) {
    const records = Object.entries(readInstallRecords(host.home));
    const faults = installations(records).flatMap((installed) => [
      ...startFaults(host, installed),
      ...(installed.kind === claudeCode.kind && installed.scope === "user"
        ? installed.paths
            .filter((path) => path.endsWith(claudeCode.settingsFile))
            .flatMap((path) => claudeCodeFaults(host, path))
        : []),
    ]);
    if (faults.length > 0) return faults;
    return records.length === 0
      ? []
      : [ok(`${[...new Set(records.map(([, { kind }]) => kind))].join(", ")}: the settings start this program`)];
  },
};

/** What one `agent install` has written. */
interface Installation {
  readonly kind: string;
  readonly scope: InstallRecord["scope"];
  /** null: the user's. */
  readonly project: string | null;
  readonly paths: string[];
}

function installations(records: readonly (readonly [string, InstallRecord])[]): readonly Installation[] {
  const found = new Map<string, Installation>();
  for (const [path, { kind, scope }] of records) {
    const project = scope === "user" ? null : projectOf(path);
    const id = JSON.stringify([kind, project]);
    const known = found.get(id) ?? { kind, scope, project, paths: [] };
    known.paths.push(path);
    found.set(id, known);
  }
  return [...found.values()];
}

/** What stands in the settings and is not there any more is started in vain, and no message comes. */
function startFaults(host: Host, { kind, scope, project, paths }: Installation): Outcome[] {
  const install = `claudemesh agent install ${kind} --scope ${scope}`;
  const again = project === null ? install : `cd ${shellWords([project])} && ${install}`;
  const started = paths.map((path) => ({ path, programs: startedBy(host.text(path) ?? "") }));
  const empty = started.filter(({ programs }) => programs.length === 0).map(({ path }) => path);
  const stale = started.filter(({ programs }) => programs.some((file) => !host.exists(file)));
  const gone = [...new Set(stale.flatMap(({ programs }) => programs.filter((file) => !host.exists(file))))];
  return [
    ...(empty.length === 0
      ? []
      : [
          warning(
            `${empty.join(" and ")} holds nothing of claudemesh any more`,
            `${again} puts it in again; ${again.replace("agent install", "agent uninstall")} forgets it`,
          ),
        ]),
    ...(stale.length === 0
      ? []
      : [
          problem(
            `${stale.map(({ path }) => path).join(" and ")} starts ${gone.join(" with ")}, which is not there: no message comes into a session`,
            `${again} writes it anew, with the Node and the program that run this`,
          ),
        ]),
  ];
}

function projectOf(path: string): string {
  const folder = dirname(path);
  return folder.endsWith(`/${claudeCode.configFolder}`) ? dirname(folder) : folder;
}

/** Absolute paths in the strings that start one of our commands. */
function startedBy(text: string): readonly string[] {
  const strings = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([quoted]) => JSON.parse(quoted) as string);
  const calls = strings.filter((string) => / agent hook /.test(string));
  if (calls.length > 0) return calls.flatMap((call) => pathsIn(call));
  const at = strings.indexOf("mcp");
  return at < 0 ? [] : strings.slice(0, at).filter((string) => isAbsolute(string) && /node|claudemesh/.test(string));
}

/** Of a command line for a shell: its first words, without what is set before them. */
function pathsIn(call: string): readonly string[] {
  const words = [...call.matchAll(/(?:'[^']*'|\\'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
  return words
    .filter((word) => !/^[A-Z_]+=/.test(word))
    .slice(0, 2)
    .filter(isAbsolute);
}

function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/])/.test(path);
}

function claudeCodeFaults(host: Host, settings: string): Outcome[] {
  const folder = join(dirname(settings), claudeCode.sessionsFolder);
  const sessions = host
    .names(folder)
    .map((name) => readSessionFile(name, host.head(join(folder, name), sessionFileBytesMax)?.toString("utf8") ?? ""))
    .filter((session) => session !== null && host.exists(`/proc/${session.pid}`));
  return [
    ...refused(host, settings),
    ...sessions.flatMap((session) => (session === null ? [] : asleep(host, session))),
  ];
}

/** The user's own word, which claudemesh neither changes nor gets round. */
function refused(host: Host, settings: string): Outcome[] {
  const { inboundSetting: name } = claudeCode;
  const word = new RegExp(`"${name}"\\s*:\\s*"(refuse|hold)"`).exec(host.text(settings) ?? "")?.[1];
  if (word === undefined) return [];
  return [
    warning(
      word === "refuse"
        ? `Claude Code refuses messages at its inbox socket (\`${name}\` is "refuse"): they are told as denied, and wake nobody`
        : `Claude Code holds messages back until its user lets them in (\`${name}\` is "hold")`,
      `if that is not meant: set \`${name}\` to "accept" in ${settings}`,
    ),
  ];
}

function asleep(host: Host, { pid, version, socketPath }: SessionFile): Outcome[] {
  const of = `the session of Claude Code with process ${pid}`;
  if (socketPath !== null && host.stat(socketPath)?.kind !== "socket")
    return [warning(`${of} has no inbox socket at ${socketPath}`, "start the session anew")];
  if (socketPath !== null) return [];
  const least = claudeCode.socketVersion;
  const old = version !== null && hasInboxSocket(version) === false;
  return [
    warning(
      `${of} has no inbox socket${old ? `: it is version ${version}, and sessions have one from ${least} on` : ""}; messages come with its next prompt or tool, and do not wake it`,
      `${old ? "claude update; or " : ""}claudemesh agent install claude-code --rewake, which wakes it by a hook`,
    ),
  ];
}
