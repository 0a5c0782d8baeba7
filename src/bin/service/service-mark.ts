import type { ServiceKind, ServiceSpec } from "./service-spec.ts";

/** What a service file says of itself, in whichever format: by it uninstalling knows its own, and doctor what is run. */
export interface ServiceMark {
  readonly of: ServiceKind;
  readonly home: string;
  readonly mesh: string | null;
  readonly node: string;
  readonly program: string;
}

const beginning = "claudemesh-service";

/** One line of ASCII without what any of the formats would have to escape, but quotes. */
export function serviceMark({ of, home, mesh, node, program }: ServiceSpec): string {
  const json = JSON.stringify({ of, home, mesh, node, program } satisfies ServiceMark);
  const plain = json.replace(
    /[^ !"#$'()*+,./0-9:;=?@A-Z[\\\]^_`a-z{|}~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${beginning} ${plain}`;
}

/** null: nobody's, or somebody else's file. */
export function readServiceMark(text: string): ServiceMark | null {
  const found = new RegExp(`${beginning} (\\{.*\\})`).exec(text)?.[1];
  if (found === undefined) return null;
  try {
    const value = JSON.parse(found) as Partial<Record<keyof ServiceMark, unknown>>;
    const { of, home, mesh, node, program } = value;
    if ((of !== "daemon" && of !== "broker") || typeof home !== "string") return null;
    if (typeof node !== "string" || typeof program !== "string") return null;
    if (mesh !== null && typeof mesh !== "string") return null;
    return { of, home, mesh, node, program };
  } catch {
    return null;
  }
}

/** Whether a file, or what a manager shows of it, is one that install-service wrote. */
export function isMarked(text: string): boolean {
  return text.includes(`${beginning} {`);
}
