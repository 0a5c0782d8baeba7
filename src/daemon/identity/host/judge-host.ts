import { hostHash, hostHashV1, wiredHash } from "./fingerprint.ts";
import { type HostFile, type HostFileV1, newHostFile, wiredMacsMax } from "./host-file.ts";
import type { HostFacts, HostId } from "./read-host.ts";

/** How the host that a member was on stands to the one that it is on. */
export type HostVerdict =
  /** `rewrite`: what the file shall say from now on; null: what it says. */
  | { readonly state: "same"; readonly file: HostFile; readonly rewrite: { readonly why: string } | null }
  /** Of another id. Nothing but an id brings this about. */
  | { readonly state: "mismatch"; readonly file: HostFile | HostFileV1; readonly here: HostId | null }
  /** What the file was made from cannot be read here now. That is no sign of another host. */
  | { readonly state: "unreadable"; readonly file: HostFile | HostFileV1 }
  /** It is the same by what it was made from, and none of the wires that it had is here; or it was known by such an address alone. */
  | { readonly state: "suspected"; readonly file: HostFile };

/** Pure: reads nothing and writes nothing, so that it can be shown any host. */
export function judgeHost(file: HostFile | HostFileV1, facts: HostFacts, now: number): HostVerdict {
  if (file.version === 1) return judgeVersion1(file, facts, now);
  const standing = judgeId(file, facts);
  if (standing !== "same") {
    if (standing === "mismatch") return { state: "mismatch", file, here: facts.ids[0] ?? facts.fallback };
    return { state: standing, file };
  }
  return judgeWires(withBestId(file, facts), facts);
}

/** By what the file was made from, even where something better could be read by now. */
function judgeId(file: HostFile, facts: HostFacts): "same" | "mismatch" | "unreadable" | "suspected" {
  const hashOf = ({ namespace, id }: HostId): string => hostHash(namespace, id);
  switch (file.source) {
    case "random":
      return "same";
    case "mac":
      if (facts.fallback === null) return "unreadable";
      return hashOf(facts.fallback) === file.hash ? "same" : "suspected";
    case "override": {
      const here = facts.ids.find(({ source }) => source === "override");
      if (here === undefined) return "unreadable";
      return hashOf(here) === file.hash ? "same" : "mismatch";
    }
    default: {
      // Another system's: whatever it was read from there, no host is of both.
      if (facts.namespace !== null && facts.namespace !== file.namespace) return "mismatch";
      const ofSystem = facts.ids.filter(({ namespace }) => namespace === file.namespace);
      const here = ofSystem.find(({ source }) => source === file.source);
      if (here !== undefined) return hashOf(here) === file.hash ? "same" : "mismatch";
      // Two sources often hold the same id: /var/lib/dbus/machine-id is a link to the other, or a copy of it.
      return ofSystem.some((id) => hashOf(id) === file.hash) ? "same" : "unreadable";
    }
  }
}

/** The host is known again: from now on by the id that is believed first. */
function withBestId(
  file: HostFile,
  facts: HostFacts,
): { readonly file: HostFile; readonly changes: readonly string[] } {
  const best = facts.ids[0];
  const isWeak = file.source === "mac" || file.source === "random";
  if (best === undefined || best.source === file.source) return { file, changes: [] };
  // The order among a system's own sources is not worth a change: the one that it was made from is there.
  if (!isWeak && best.source !== "override") return { file, changes: [] };
  const { source, namespace, id } = best;
  return {
    file: { ...file, source, namespace, hash: hostHash(namespace, id), persistedId: null },
    changes: [`it is known by ${source} from now on, by ${file.source} before`],
  };
}

/** A wire that is met beside a known one belongs to the host. Where none is there at all, nothing is said. */
function judgeWires(
  { file, changes }: { readonly file: HostFile; readonly changes: readonly string[] },
  facts: HostFacts,
): HostVerdict {
  const here = facts.wired.map((mac) => wiredHash(file.salt, mac));
  const known = new Set(file.wiredMacs);
  const rewrite = (said: readonly string[]) => (said.length === 0 ? null : { why: said.join("; ") });
  // What was set moves with its volume from one machine to the next, as whoever set it wants.
  if (file.source === "override") return { state: "same", file, rewrite: rewrite(changes) };
  if (here.length > 0 && known.size > 0 && !here.some((hash) => known.has(hash))) return { state: "suspected", file };
  const added = here.filter((hash) => !known.has(hash));
  const room = wiredMacsMax - known.size;
  if (added.length === 0 || room <= 0) return { state: "same", file, rewrite: rewrite(changes) };
  const wiredMacs = [...file.wiredMacs, ...added.slice(0, room)];
  return { state: "same", file: { ...file, wiredMacs }, rewrite: rewrite([...changes, "it has another wire"]) };
}

/** `sha256(machine id ‖ address)`, of whatever address came first at that time. */
function judgeVersion1(file: HostFileV1, facts: HostFacts, now: number): HostVerdict {
  const ids = facts.ids.filter(({ namespace }) => namespace === facts.namespace);
  if (ids.length === 0) return { state: "unreadable", file };
  const matches = ids.some(({ id }) =>
    [id, ...dashed(id)].some((written) =>
      [...facts.addresses, ""].some((mac) => hostHashV1(written, mac) === file.hash),
    ),
  );
  if (!matches) return { state: "mismatch", file, here: facts.ids[0] ?? null };
  return { state: "same", file: newHostFile(facts, now), rewrite: { why: "its fingerprint was of version 1" } };
}

/** As systems write such an id that is not systemd's. */
function dashed(id: string): readonly string[] {
  const uuid = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return [uuid, uuid.toUpperCase()];
}
