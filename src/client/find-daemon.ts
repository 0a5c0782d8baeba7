import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ClaudemeshError } from "../protocol/error.ts";

/** The folder of everything this user runs: CLAUDEMESH_HOME, else `~/.claudemesh`. */
export function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["CLAUDEMESH_HOME"];
  return given === undefined || given === "" ? join(homedir(), ".claudemesh") : given;
}

/** The mesh that is meant unless a command names one: CLAUDEMESH_MESH; null when that is not set. */
export function meshOf(env: Readonly<Record<string, string | undefined>>): string | null {
  const given = env["CLAUDEMESH_MESH"];
  return given === undefined || given === "" ? null : given;
}

/** Folders `<home>/daemon/<slug>` that hold a member, by slug. */
export function daemonDirs(home: string): { readonly slug: string; readonly dir: string }[] {
  const root = join(home, "daemon");
  let slugs: string[];
  try {
    slugs = readdirSync(root);
  } catch {
    return [];
  }
  return slugs
    .sort()
    .map((slug) => ({ slug, dir: join(root, slug) }))
    .filter(({ dir }) => existsSync(join(dir, "mesh.json")));
}

/** The folder of the one daemon that is meant: of `mesh` when named, else the only one. Throws not_running or usage. */
export function findDaemonDir(home: string, mesh: string | null): string {
  const found = daemonDirs(home);
  if (mesh !== null) {
    const named = found.find(({ slug }) => slug === mesh);
    if (named !== undefined) return named.dir;
    const known =
      found.length === 0 ? "no mesh has been joined yet" : `joined: ${found.map(({ slug }) => slug).join(", ")}`;
    throw new ClaudemeshError("not_running", `${home} has no daemon of mesh ${mesh}`, {
      hint: found.length === 0 ? "claudemesh up" : known,
    });
  }
  const [first, second] = found;
  if (first === undefined)
    throw new ClaudemeshError("not_running", `${home} has no daemon yet`, { hint: "claudemesh up" });
  if (second === undefined) return first.dir;
  throw new ClaudemeshError(
    "usage",
    `${home} has daemons of ${found.length} meshes: ${found.map(({ slug }) => slug).join(", ")}`,
    { hint: "name one: --mesh SLUG" },
  );
}

/** What a daemon tells about itself in `daemon.json` while it runs. Stays behind after kill -9, so it proves nothing. */
export interface DaemonFile {
  readonly pid: number;
  readonly socket: string;
  readonly http_port: number | null;
}

/** Socket of the daemon in `dir`. It is `<dir>/sock` unless that path was too long for the system. */
export function daemonSocket(dir: string): string {
  return readDaemonFile(dir)?.socket ?? join(dir, "sock");
}

export function readDaemonFile(dir: string): DaemonFile | null {
  try {
    // Missing, or cut short by a crash of the machine: then the daemon does not run.
    const value = JSON.parse(readFileSync(join(dir, "daemon.json"), "utf8")) as Partial<DaemonFile>;
    if (typeof value.pid !== "number" || typeof value.socket !== "string") return null;
    if (isOfAnotherFolder(value.socket, dir)) return null;
    return { pid: value.pid, socket: value.socket, http_port: value.http_port ?? null };
  } catch {
    return null;
  }
}

/**
 * A home that was copied while its daemon ran has the file of that daemon: whoever followed it would stop the original. A socket of
 * another name stands in the folder for long paths.
 */
function isOfAnotherFolder(socket: string, dir: string): boolean {
  const own = join(dir, "sock");
  if (basename(socket) !== basename(own) || socket === own || !existsSync(dirname(socket))) return false;
  return realpathSync(dirname(socket)) !== realpathSync(dir);
}
