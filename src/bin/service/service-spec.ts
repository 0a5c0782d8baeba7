import { createHash } from "node:crypto";
import { ClaudemeshError } from "../../protocol/error.ts";

export type ServiceKind = "daemon" | "broker";
export type ServiceScope = "user" | "system";

/** What a service runs, and as whom. Every path is absolute: nothing of it is looked up when the service starts. */
export interface ServiceSpec {
  readonly of: ServiceKind;
  /** `user`: of the user who installs it. `system`: from the start of the machine, whoever is logged in. */
  readonly scope: ServiceScope;
  /** The Node that runs now. */
  readonly node: string;
  /** `claudemesh.js` of the package, or `claudemesh.ts` of the sources. */
  readonly program: string;
  readonly home: string;
  /** Of a daemon: null for every mesh of the home. */
  readonly mesh: string | null;
  /** Whom a service of the system runs as; null for one of a user, except where the file has to name them. */
  readonly user: string | null;
  /** Folders that it writes to beside its home. */
  readonly writable: readonly string[];
  /** Of a broker, `HOST:PORT`; null: where it listened last. */
  readonly listen: string | null;
  /** Of a broker: it listens on a port below 1024. */
  readonly lowPort: boolean;
}

/** Throws invalid_field for a path or user that a service file cannot say. */
export function checkSpec(spec: ServiceSpec): void {
  for (const path of [spec.node, spec.program, spec.home, ...spec.writable]) {
    // A line break would end a line of a unit, and XML has no way to write most of them.
    if (/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(path) || !path.isWellFormed())
      throw new ClaudemeshError("invalid_field", `a service file cannot name ${JSON.stringify(path)}`, {
        hint: "move it to a path without control characters",
      });
  }
  if (
    spec.user !== null &&
    !/^[^\s"'\\%:/,;*?<>|=@+[\]\u0000-\u001f-][^\s"'%:/,;*?<>|=+[\]\u0000-\u001f]{0,63}$/u.test(spec.user)
  )
    throw new ClaudemeshError("invalid_field", `${JSON.stringify(spec.user)} is no name of a user`, {
      hint: "claudemesh install-service --system --as USER",
    });
}

/**
 * The name under which the manager of services knows it. One home is the usual one of a scope and needs no more; any other
 * is told apart by its path, so that two homes never take each other's service.
 */
export function serviceName({ of, home, mesh }: Pick<ServiceSpec, "of" | "home" | "mesh">, usualHome: string): string {
  const other = home === usualHome ? [] : [createHash("sha256").update(home).digest("hex").slice(0, 8)];
  return ["claudemesh", of, ...other, ...(mesh === null ? [] : [`mesh-${mesh}`])].join("-");
}

/** The words after Node's. `settles`: what supervises starts again whatever did not end with 0, as launchd does. */
export function programWords(spec: ServiceSpec, settles: boolean): string[] {
  const { of, program, home, mesh, listen } = spec;
  const last = ["--home", home, ...(settles ? ["--settle"] : [])];
  if (of === "broker") return [program, "broker", ...(listen === null ? [] : ["--listen", listen]), ...last];
  return [program, "daemon", "run", ...(mesh === null ? ["--all"] : ["--mesh", mesh]), "--log-to", "file", ...last];
}

/** For people, in the manager's lists. */
export function describeService({ of, home, mesh }: ServiceSpec): string {
  if (of === "broker") return `claudemesh broker of ${home}`;
  return mesh === null ? `claudemesh daemons of ${home}` : `claudemesh daemon of mesh ${mesh} of ${home}`;
}
