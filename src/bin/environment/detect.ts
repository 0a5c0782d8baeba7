import { ClaudemeshError } from "../../protocol/error.ts";
import type { EnvironmentReaders } from "./readers.ts";
import { type EnvironmentKind, signs } from "./signs.ts";

/** What this process runs in, and how that is known. */
export interface Environment {
  /** `host`: a machine like any other. A CI job in a container is a CI job. */
  readonly kind: EnvironmentKind | "host";
  /** A clause: `GITHUB_ACTIONS is set: GitHub Actions`; null for a host that nothing was said of. */
  readonly because: string | null;
}

const settingName = "CLAUDEMESH_ENVIRONMENT";
const kinds = ["host", "ci", "container"] as const;

/** By the signs, unless CLAUDEMESH_ENVIRONMENT says what it is. Throws usage for another word there. */
export function detectEnvironment(readers: EnvironmentReaders): Environment {
  const said = readers.variable(settingName) ?? "";
  if (said !== "") {
    const kind = kinds.find((known) => known === said);
    if (kind !== undefined) return { kind, because: `${settingName} is ${kind}` };
    throw new ClaudemeshError(
      "usage",
      `${settingName} is ${JSON.stringify(said.slice(0, 40))}, which is no environment`,
      {
        hint: `one of ${kinds.join(", ")}; or leave it unset`,
      },
    );
  }
  for (const kind of ["ci", "container"] as const) {
    const sign = signs.find((one) => one.kind === kind && one.shows(readers));
    if (sign === undefined) continue;
    const how = sign.name.startsWith("/") ? "says so" : "is set";
    return { kind, because: `${sign.name} ${how}: this is ${sign.means}` };
  }
  return { kind: "host", because: null };
}
