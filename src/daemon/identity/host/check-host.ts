import type { Log } from "../../../base/log.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import type { CloneReason } from "../../../protocol/host-frames.ts";
import type { Config } from "../../config.ts";
import { hostHash, hostPrint } from "./fingerprint.ts";
import { type HostFile, newHostFile, readHostFile, writeHostFile } from "./host-file.ts";
import { type HostVerdict, judgeHost } from "./judge-host.ts";
import { type HostId, readHost } from "./read-host.ts";
import { type HostReaders, systemReaders } from "./readers.ts";

/** What a start has found out of its host. */
export interface CheckedHost {
  /** What the broker is told: equal for one host. null: of a host that is not known for now. */
  print(meshId: string): string | null;
  readonly suspected: CloneReason | null;
}

/** Of a daemon that keeps nothing on this host's disk. */
export const noHost: CheckedHost = { print: () => null, suspected: null };

/**
 * Compares the host with the one that the member of a folder belongs to; call it with the folder's lock held, before
 * anything else is opened for writing. The first start notes the host. Throws host_fingerprint_mismatch where the policy
 * refuses another one, schema_newer, and invalid_config for a damaged file: it is never started over one.
 */
export async function checkHost(request: {
  readonly dir: string;
  readonly clone: Config["clone"];
  readonly readers: HostReaders | undefined;
  readonly now: number;
  readonly log: Log;
}): Promise<CheckedHost> {
  const { dir, clone, now, log } = request;
  const before = readHostFile(dir);
  const facts = await readHost(request.readers ?? systemReaders(), clone.id_override);
  if (before === null) {
    const file = newHostFile(facts, now);
    writeHostFile(dir, file);
    noteFirst(file, log);
    return known(file, null);
  }
  const verdict = judgeHost(before, facts, now);
  switch (verdict.state) {
    case "same": {
      const { file, rewrite } = verdict;
      if (rewrite !== null) {
        writeHostFile(dir, file);
        log.info({ source: file.source }, `the host is the one it was; ${rewrite.why}`);
      }
      return known(file, null);
    }
    case "unreadable": {
      const source = verdict.file.version === 1 ? "version 1" : verdict.file.source;
      log.warn(
        { source, hint: "claudemesh accept-host, once you know that no copy of this home runs elsewhere" },
        "what the host was known by cannot be read now; whether it is the same host is not known",
      );
      return verdict.file.version === 1 ? noHost : known(verdict.file, null);
    }
    case "suspected":
      log.warn(
        { source: verdict.file.source, hint: whatHelps },
        "none of the wired network addresses that this host had is here: is it a copy of a virtual machine or a disk?",
      );
      return known(verdict.file, "wired_address");
    case "mismatch":
      return onOtherHost(verdict, clone.policy, log);
  }
}

const whatHelps =
  "if it is the same member on a new host: claudemesh accept-host; if the other one still runs, a member of its own: claudemesh remint LINK --yes";

function onOtherHost(
  { file, here }: Extract<HostVerdict, { state: "mismatch" }>,
  policy: Config["clone"]["policy"],
  log: Log,
): CheckedHost {
  const told = "this home belongs to another host: it was copied, or put back from a backup or an image";
  const source = file.version === 1 ? null : file.source;
  switch (policy) {
    case "refuse":
      throw new ClaudemeshError("host_fingerprint_mismatch", told, { hint: whatHelps, details: { source } });
    case "warn":
      log.warn({ source, policy, hint: whatHelps }, told);
      return { print: (meshId) => printHere(file, here, meshId), suspected: "host_id" };
    case "allow":
      // Whoever allows every host says that a change of it is no news, so the broker is told of none.
      log.info({ source, policy }, told);
      return file.version === 1 ? noHost : known(file, null);
  }
}

/** Of the host that it runs on, which is not the one in the file. */
function printHere(file: HostFile | { readonly version: 1 }, here: HostId | null, meshId: string): string | null {
  if (file.version === 1 || here === null) return null;
  return hostPrint(file.salt, hostHash(here.namespace, here.id), meshId);
}

function known({ salt, hash }: HostFile, suspected: CloneReason | null): CheckedHost {
  return { print: (meshId) => hostPrint(salt, hash, meshId), suspected };
}

function noteFirst({ source }: HostFile, log: Log): void {
  if (source !== "random") return log.info({ source }, "this member belongs to this host from now on");
  log.warn(
    { source, hint: "claudemesh config set clone.id_override ID, with an id that no other host has" },
    "nothing tells this host from others, so a copy of this home would not be noticed by it",
  );
}
