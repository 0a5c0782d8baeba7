import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readFileIfPresent, writeFileAtomic } from "../../base/atomic-file.ts";
import type { InstallAnswer, InstallRequest, ServiceShown } from "../../cli/launcher.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { installedServices, markOf } from "./installed-services.ts";
import { runCalls, shownCall } from "./run-calls.ts";
import type { ServiceHost } from "./service-host.ts";
import { serviceManager } from "./choose-manager.ts";
import { rootHint, type ServiceFile, type ServiceManager } from "./service-manager.ts";
import { isMarked } from "./service-mark.ts";
import { checkSpec, type ServiceKind, type ServiceScope, type ServiceSpec, serviceName } from "./service-spec.ts";

/** What installing needs to know and do of a home, beside the machine. */
export interface ServiceHome {
  /** Meshes that it has a daemon of. */
  readonly meshes: readonly string[];
  readonly hasBroker: boolean;
  /** Of its broker: a port below 1024, and folders outside the home. */
  broker(): { readonly lowPort: boolean; readonly writable: readonly string[] };
  /** Ends what runs in the background, so that the service starts it; what was ended, one sentence each. */
  stop(kinds: readonly ServiceKind[], mesh: string | null): Promise<readonly string[]>;
  /** What runs once the services are started, one sentence each, and notices of what does not. */
  confirm(kinds: readonly ServiceKind[], mesh: string | null): Promise<Pick<InstallAnswer, "runs" | "notices">>;
}

/**
 * Writes the files of a home's services, has the manager read them, and starts them. Everything that can be refused is
 * refused before anything is written; when the manager will not have a file, what stood there before stands there again.
 */
export async function installServices(
  request: InstallRequest,
  host: ServiceHost,
  of: ServiceHome,
): Promise<InstallAnswer> {
  const manager = serviceManager(host);
  const home = resolve(request.home);
  const kinds = kindsOf(request, of, home);
  const planned = await Promise.all(kinds.map((kind) => plan({ request, host, manager, home, of }, kind)));
  for (const { spec, service } of planned) refuseOthers(home, host, spec, service);
  const shown = planned.map(({ spec, service, bytes }): ServiceShown => {
    const before = readFileIfPresent(service.path);
    const change = before === null ? "written" : before.equals(bytes) ? "unchanged" : "replaced";
    return { name: service.name, of: spec.of, scope: spec.scope, path: service.path, change };
  });
  const starts = request.start ? planned.flatMap(({ service }) => manager.start(service)) : [];
  const calls = [...planned.flatMap(({ service }) => manager.enable(service)), ...starts];
  const answer = { services: shown, commands: calls.map(shownCall), dry_run: request.dryRun };
  if (request.dryRun) {
    const files = planned.map(({ bytes }) => manager.readText(bytes).replace(/^\ufeff/, ""));
    return { ...answer, files, runs: [], notices: [] };
  }
  manager.check();
  for (const { spec, service } of planned) await refuseForeign(host, manager, spec, service);
  await writeAndEnable(host, manager, planned, request.scope);
  if (!request.start) return { ...answer, files: [], runs: [], notices: manager.notices(request.scope) };
  const stopped = await of.stop(kinds, request.mesh);
  await runCalls(host, starts, manager.failureHint(request.scope));
  const { runs, notices } = await of.confirm(kinds, request.mesh);
  return {
    ...answer,
    files: [],
    runs: [...stopped, ...runs],
    notices: [...notices, ...manager.notices(request.scope)],
  };
}

interface Planned {
  readonly spec: ServiceSpec;
  readonly service: ServiceFile;
  readonly bytes: Buffer;
}

interface Planning {
  readonly request: InstallRequest;
  readonly host: ServiceHost;
  readonly manager: ServiceManager;
  readonly home: string;
  readonly of: ServiceHome;
}

async function plan({ request, host, manager, home, of }: Planning, kind: ServiceKind): Promise<Planned> {
  const { scope } = request;
  const broker = kind === "broker" ? of.broker() : { lowPort: false, writable: [] };
  const spec: ServiceSpec = {
    of: kind,
    scope,
    node: host.node,
    program: host.program,
    home,
    mesh: kind === "daemon" ? request.mesh : null,
    user: await userOf(request, host, home),
    writable: broker.writable.map((path) => resolve(path)),
    listen: null,
    lowPort: broker.lowPort,
  };
  checkSpec(spec);
  const name = serviceName(spec, manager.usualHome(scope));
  const path = join(manager.folder(scope, home), manager.fileName(name));
  return { spec, service: { name, scope, path }, bytes: manager.bytes(spec, name) };
}

/** A daemon's, the broker's as well where that is asked for, and of a home without a member the broker's alone. */
function kindsOf({ broker, mesh }: InstallRequest, of: ServiceHome, home: string): ServiceKind[] {
  const [first] = of.meshes;
  if (mesh !== null && !of.meshes.includes(mesh))
    throw new ClaudemeshError("not_running", `${home} has no daemon of mesh ${mesh}`, {
      hint: first === undefined ? "claudemesh join LINK" : `joined: ${of.meshes.join(", ")}`,
    });
  if (broker && first === undefined) return ["broker"];
  if (first === undefined)
    throw new ClaudemeshError("not_running", `${home} belongs to no mesh, so it has no daemon to start`, {
      hint: of.hasBroker
        ? "of its broker alone: claudemesh install-service --broker"
        : "first: claudemesh join LINK, or claudemesh up",
    });
  return broker ? ["broker", "daemon"] : ["daemon"];
}

/** Whom a service of the system runs as: whose home it is, unless somebody else is named. */
async function userOf({ scope, user }: InstallRequest, host: ServiceHost, home: string): Promise<string | null> {
  if (host.platform === "win32") return user ?? host.userName;
  if (scope === "user") return null;
  if (user !== null) return user;
  const owner = existsSync(home) ? statSync(home).uid : host.uid;
  if (owner === host.uid) return host.userName;
  const { code, output } = await host.runTool("/usr/bin/id", ["-nu", String(owner)]);
  if (code === 0 && output !== "") return output;
  throw new ClaudemeshError("not_allowed", `${home} belongs to user ${owner}, who has no name here`, {
    hint: "claudemesh install-service --system --as USER",
  });
}

/** Two services that start the same daemon would only tell each other that it runs already. */
function refuseOthers(home: string, host: ServiceHost, spec: ServiceSpec, service: ServiceFile): void {
  const other = installedServices(home, host).find(
    ({ of, path, mesh }) =>
      of === spec.of &&
      path !== service.path &&
      (of === "broker" || mesh === spec.mesh || mesh === null || spec.mesh === null),
  );
  if (other === undefined) return;
  throw new ClaudemeshError(
    "already_exists",
    `${other.path} starts ${other.of === "broker" ? "this broker" : "these daemons"} already`,
    {
      hint: "remove that one first: claudemesh uninstall-service",
    },
  );
}

async function refuseForeign(
  host: ServiceHost,
  manager: ServiceManager,
  spec: ServiceSpec,
  { name, path }: ServiceFile,
): Promise<void> {
  if (existsSync(path)) {
    const mark = markOf(manager, path);
    if (mark?.home === spec.home && mark.of === spec.of) return;
    throw foreign(`${path} is not a file of install-service for this home`);
  }
  if (manager.query === undefined) return;
  const { command, args } = manager.query(name);
  const { code, output } = await host.runTool(command, args);
  if (code === 0 && !isMarked(output))
    throw foreign(`${manager.title} has a ${name} that install-service did not make`);
}

function foreign(what: string): ClaudemeshError {
  return new ClaudemeshError("already_exists", `${what}; nothing is done`, {
    hint: "look at it, move it away if you do not need it, then run install-service again; --dry-run shows what it would write",
  });
}

async function writeAndEnable(
  host: ServiceHost,
  manager: ServiceManager,
  planned: readonly Planned[],
  scope: ServiceScope,
): Promise<void> {
  const before = planned.map(({ service }) => readFileIfPresent(service.path));
  try {
    for (const { service, bytes } of planned) write(service.path, bytes, host);
    const calls = planned.flatMap(({ service }) => manager.enable(service));
    await runCalls(host, calls, manager.failureHint(scope));
  } catch (thrown) {
    for (const [index, { service }] of planned.entries()) {
      const bytes = before[index] ?? null;
      if (bytes === null) rmSync(service.path, { force: true });
      else write(service.path, bytes, host);
    }
    throw thrown;
  }
}

/** Readable by all, as service files are: there is no secret in them. */
function write(path: string, bytes: Buffer, host: ServiceHost): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, bytes, 0o644);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ClaudemeshError("not_allowed", `${path} cannot be written: ${reason}`, {
      hint: rootHint(host, "install-service --system"),
      cause: thrown,
    });
  }
}
