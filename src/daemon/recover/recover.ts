import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { acquireLock, LockedError } from "../../base/lock-file.ts";
import { silentLog } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { readIdentity } from "../identity/member.ts";
import { openMembershipFile } from "../membership/membership-file.ts";
import type { RowProof } from "./judge-row.ts";
import { lookAtDatabase } from "./look-at-database.ts";
import { exchange, finishExchange } from "./recovery-mark.ts";
import { type InboxSalvage, salvageInbox } from "./salvage-inbox.ts";
import { contradictions, type OutboxSalvage, salvageOutbox } from "./salvage-outbox.ts";

/** What was found of a database, and done about it. */
export interface Recovered<Salvage> {
  /** `missing`: there is none yet, or no more; the next start makes one. */
  readonly state: "sound" | "missing" | "recovered";
  readonly problems: readonly string[];
  /** The damaged file, kept whole; null: nothing was done. */
  readonly set_aside: string | null;
  readonly salvage: Salvage | null;
}

export interface RecoverReport {
  /** An earlier recovery was cut off; it was finished first. */
  readonly finished_earlier: boolean;
  readonly outbox: Recovered<OutboxSalvage>;
  readonly inbox: Recovered<InboxSalvage>;
}

const workFolderName = "recover.tmp";

/**
 * Checks both databases of a daemon that does not run, and makes a damaged one anew of what it still holds. A sound one is not
 * touched. Nothing is deleted: the damaged files stay beside, under a name with the time. Throws already_running, schema_newer.
 */
export function recoverDaemon(dir: string, now: number): RecoverReport {
  const lock = takeLock(dir);
  const work = join(dir, workFolderName);
  try {
    const finished = finishExchange(dir);
    const time = new Date(now).toISOString().replace(/[-:]/g, "").replace(/\.\d+/, "");
    const one = <Salvage>(
      name: "outbox" | "inbox",
      salvage: (from: SalvageFrom) => Salvage,
      look: (readable: DatabaseSync) => readonly string[] = () => [],
    ): Recovered<Salvage> => {
      const path = join(dir, `${name}.db`);
      if (!existsSync(path)) return { state: "missing", problems: [], set_aside: null, salvage: null };
      const migrations = fileURLToPath(new URL(`../../../migrations/daemon/${name}`, import.meta.url));
      const { problems: found, readable } = lookAtDatabase(path, work, migrations, name);
      try {
        const problems = found.length > 0 || readable === null ? found : look(readable);
        if (problems.length === 0) return { state: "sound", problems, set_aside: null, salvage: null };
        const fresh = freshName(name);
        const aside = freeName(dir, `${name}.db.corrupt-${time}`);
        for (const suffix of ["", "-wal", "-shm"]) rmSync(join(dir, `${fresh}${suffix}`), { force: true });
        const done = salvage({ path, readable, fresh: join(dir, fresh), migrations });
        readable?.close();
        exchange(dir, { name: `${name}.db`, aside, fresh });
        return { state: "recovered", problems, set_aside: join(dir, aside), salvage: done };
      } finally {
        if (readable?.isOpen === true) readable.close();
      }
    };
    const proof = proofOf(dir);
    const outbox = one(
      "outbox",
      (from) => salvageOutbox({ ...from, proof, now }),
      (readable) => contradictions(readable, proof),
    );
    const inbox = one("inbox", salvageInbox);
    return { finished_earlier: finished, outbox, inbox };
  } finally {
    rmSync(work, { recursive: true, force: true });
    lock.release();
  }
}

type SalvageFrom = Parameters<typeof salvageInbox>[0];

function freshName(name: string): string {
  return `${name}.db.fresh`;
}

/** Never over what an earlier recovery has kept. */
function freeName(dir: string, name: string): string {
  for (let n = 1; ; n += 1) {
    const free = n === 1 ? name : `${name}-${n}`;
    if (!existsSync(join(dir, free))) return free;
  }
}

function proofOf(dir: string): Omit<RowProof, "indexed" | "row"> {
  const { memberId, keyId, mesh } = readIdentity(dir);
  const state = openMembershipFile(dir, mesh.mesh_id, silentLog)?.state ?? null;
  const keys = state?.members.get(memberId)?.keys ?? [];
  return { meshId: mesh.mesh_id, memberId, keyIds: new Set([memberId, keyId, ...keys.map((key) => key.keyId)]), state };
}

function takeLock(dir: string): { release(): void } {
  try {
    return acquireLock(join(dir, "daemon.lock"));
  } catch (cause) {
    if (!(cause instanceof LockedError)) throw cause;
    throw new ClaudemeshError("already_running", `a daemon runs on ${dir}: its databases are in use`, {
      hint: "claudemesh daemon down, then claudemesh recover",
      cause,
    });
  }
}
