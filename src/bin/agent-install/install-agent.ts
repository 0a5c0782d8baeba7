import { homedir } from "node:os";
import { join } from "node:path";
import type { AgentFileShown, AgentInstallAnswer, AgentInstallRequest } from "../../cli/agent-installer.ts";
import { daemonDirs, findDaemonDir } from "../../client/find-daemon.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { readMeshFile } from "../../daemon/identity/mesh-file.ts";
import { thisHost } from "../service/service-host.ts";
import type { AgentWriter, SettingsFile, WriterRequest } from "./agent-writer.ts";
import { agentWriters } from "./agent-writers.ts";
import { changeFile } from "./change-file.ts";
import { changedLines } from "./changed-lines.ts";

/** What an installation needs of a machine; a test gives another one. */
export interface InstallHost {
  readonly homeFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly node: string;
  readonly program: string;
}

export function installAgent(request: AgentInstallRequest, host?: InstallHost): AgentInstallAnswer {
  return change(request, "install", host);
}

/** All of ours goes, and nothing else. */
export function uninstallAgent(request: AgentInstallRequest, host?: InstallHost): AgentInstallAnswer {
  return change(request, "uninstall", host);
}

function change(request: AgentInstallRequest, what: "install" | "uninstall", host?: InstallHost): AgentInstallAnswer {
  const writer = agentWriters.find(({ kind }) => kind === request.kind);
  if (writer === undefined)
    throw new ClaudemeshError("usage", `there is no coding agent of the kind ${JSON.stringify(request.kind)} here`, {
      hint: `one of ${agentWriters.map(({ kind }) => kind).join(", ")}`,
    });
  for (const option of ["channel", "rewake"] as const)
    if (request[option] && !writer.options.includes(option))
      throw new ClaudemeshError("usage", `--${option} is not for ${writer.title}`, {
        hint: "claudemesh help agent install",
      });
  const told = writerRequest(request, what, host ?? { ...thisHost, homeFolder: homedir() });
  const files = writer.files(told);
  // Each is read and judged before the first is written: a file that is refused leaves the others as they are.
  for (const file of files) shown(request, file, what, writer, true);
  return {
    kind: writer.kind,
    scope: request.scope,
    dry_run: request.dryRun,
    files: files.map((file) => shown(request, file, what, writer, request.dryRun)),
    next: what === "install" ? writer.next(told) : [],
  };
}

function shown(
  { home, scope }: AgentInstallRequest,
  file: SettingsFile,
  what: "install" | "uninstall",
  { kind }: AgentWriter,
  dryRun: boolean,
): AgentFileShown {
  const { change, before, after } = changeFile({ home, file, what, kind, scope, dryRun });
  return { path: file.path, change, holds: file.holds, lines: changedLines(before, after) };
}

function writerRequest(request: AgentInstallRequest, what: "install" | "uninstall", host: InstallHost): WriterRequest {
  const { home, scope, project, channel, rewake } = request;
  // What is taken out led to whichever it was; a mesh that is named and is none is a slip all the same.
  const mesh = what === "install" || request.mesh !== null ? meshMeant(home, request.mesh) : null;
  return {
    scope,
    project,
    homeFolder: host.homeFolder,
    env: host.env,
    // Never by PATH: what a coding agent finds there is another thing on every start.
    program: [host.node, host.program],
    options: mesh === null ? [] : ["--mesh", mesh],
    variables: home === join(host.homeFolder, ".claudemesh") ? {} : { CLAUDEMESH_HOME: home },
    channel,
    rewake,
  };
}

/** What is written stays right when another mesh is joined later. null: there is none yet, and the one to come is meant. */
function meshMeant(home: string, mesh: string | null): string | null {
  if (mesh === null && daemonDirs(home).length === 0) return null;
  return readMeshFile(findDaemonDir(home, mesh)).slug;
}
