import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import { requirePrivate } from "../identity/private-file.ts";

/** The bearer token of the TCP listener: 32 random bytes, base64url, in `local_token` (0600). */
export interface LocalToken {
  /**
   * Which token a caller has: the one in the file, or the one before it while that still holds. Compared in constant time, with
   * both whatever the first comparison says.
   */
  which(candidate: string, now: number): "present" | "previous" | null;
  /**
   * Makes a new one, on disk when this returns; answers until when the one before it holds. Of several changes within that time
   * only the last one's before still holds. A new start forgets it. Throws store_unavailable with the token as it was.
   */
  rotate(now: number): number;
}

const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** Reads the token of `dir`, making one at the first start. */
export function openLocalToken(dir: string): LocalToken {
  const path = join(dir, "local_token");
  if (!existsSync(path)) writeToken(path);
  requirePrivate(path);
  const token = readFileSync(path, "utf8").trim();
  if (!tokenPattern.test(token)) {
    throw new ClaudemeshError("invalid_config", `${path} does not hold a token`, {
      hint: "remove the file and start the daemon again: it makes a new one",
    });
  }
  let present = digest(token);
  let previous = { digest: randomBytes(present.length), from: 0, until: 0 };
  return {
    which(candidate, now) {
      const given = digest(candidate);
      const isPresent = timingSafeEqual(given, present);
      const isPrevious = timingSafeEqual(given, previous.digest);
      if (isPresent) return "present";
      // A clock that was set back makes it no longer than it is.
      return isPrevious && previous.from <= now && now < previous.until ? "previous" : null;
    },
    rotate(now) {
      let fresh: string;
      try {
        fresh = writeToken(path);
      } catch (cause) {
        throw new ClaudemeshError("store_unavailable", `the new token could not be written: ${String(cause)}`, {
          hint: "make room on the disk; the token is as it was",
          cause,
        });
      }
      previous = { digest: present, from: now, until: now + limits.localTokenGraceMs };
      present = digest(fresh);
      return previous.until;
    },
  };
}

function writeToken(path: string): string {
  const token = randomBytes(32).toString("base64url");
  writeFileAtomic(path, `${token}\n`);
  return token;
}

/** Hashing first gives both sides one length, so that the comparison tells nothing about the token's. */
function digest(text: string): NonSharedBuffer {
  return createHash("sha256").update(text).digest();
}
