import { join } from "node:path";
import { plural } from "../../cli/plural.ts";
import { shellWords } from "../../cli/shell-words.ts";
import { inspectKeys, type KeysFound } from "../../daemon/identity/inspect-keys.ts";
import { type DaemonCheck, ok, type Outcome, problem, warning } from "./check.ts";

const dayMs = 86_400_000;
/** Long enough for somebody to start a host that was off. */
const endsSoonMs = 2 * dayMs;
/** Of a key's id, enough to tell it from the few others. */
const idChars = 8;

/** Keys that were changed: those of before, which still open what was sealed to them, and a change that is not done. */
export const check: DaemonCheck = {
  name: "keys",
  run(host, { dir, slug, health }) {
    // Without its keys, and so for an ephemeral member, the check of the identity says all there is to say.
    if (host.stat(join(dir, "keypair.json"))?.kind !== "file") return [];
    const keys = inspectKeys(dir);
    const faults = [
      ...changing(keys, slug, health !== null),
      ...damaged(keys, dir, slug),
      ...ending(keys, slug, health !== null, host.now),
      ...keys.aside.map((name) =>
        warning(
          `${join(dir, name)} was damaged and moved aside; it may hold keys`,
          `when nothing stays sealed without it (claudemesh inbox --undecryptable): ${shellWords(["rm", join(dir, name)])}`,
        ),
      ),
    ];
    if (faults.length > 0) return faults;
    const count = keys.archive?.keys.length ?? 0;
    return count === 0 ? [] : [ok(`${plural(count, "former key")} kept, for what was sealed before a change of keys`)];
  },
};

function changing({ next }: KeysFound, slug: string, runs: boolean): Outcome[] {
  if (next === null) return [];
  if (next.keyId === null)
    return [
      warning(
        "keypair-next.json, of a change of keys that was interrupted, cannot be used",
        `the next start moves it aside: claudemesh daemon restart --mesh ${slug}`,
      ),
    ];
  return [
    warning(
      "a change of keys has begun and is not done: it goes on when the daemon reaches its broker",
      runs ? "claudemesh status shows its link" : `claudemesh daemon up --mesh ${slug}`,
    ),
  ];
}

function damaged({ archive }: KeysFound, dir: string, slug: string): Outcome[] {
  if (archive === null || archive.problem === null) return [];
  return [
    problem(
      `${join(dir, "keypair-archive.json")} is damaged: ${archive.problem}`,
      `put it back from a backup; or claudemesh daemon restart --mesh ${slug}, which keeps what can be read (${plural(archive.keys.length, "key")}) and moves the file aside`,
    ),
  ];
}

function ending({ archive }: KeysFound, slug: string, runs: boolean, now: number): Outcome[] {
  const keys = archive?.keys ?? [];
  const over = keys.filter(({ expiresAt }) => Date.parse(expiresAt) <= now);
  const soon = keys.filter(({ expiresAt }) => Date.parse(expiresAt) > now && Date.parse(expiresAt) < now + endsSoonMs);
  return [
    ...(over.length === 0
      ? []
      : [
          warning(
            `the grace of ${plural(over.length, "former key")} is over, and the file still has ${over.length === 1 ? "it" : "them"}`,
            runs
              ? `claudemesh archive-cleanup --mesh ${slug}`
              : `a start of the daemon drops what is over: claudemesh daemon up --mesh ${slug}`,
          ),
        ]),
    ...soon.map(({ keyId, expiresAt }) =>
      warning(
        `the grace of the former key ${keyId.slice(0, idChars)}… ends at ${expiresAt}: what is still sealed to it opens until then`,
        `let the daemon receive what waits for it: claudemesh daemon up --mesh ${slug}`,
      ),
    ),
  ];
}
