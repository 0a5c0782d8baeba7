import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { requirePrivate } from "../identity/private-file.ts";

/** The bearer token of the TCP listener: 32 random bytes, base64url, in `local_token` (0600). */
export interface LocalToken {
  /** Compared in constant time. */
  matches(candidate: string): boolean;
}

const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** Reads the token of `dir`, making one at the first start. */
export function openLocalToken(dir: string): LocalToken {
  const path = join(dir, "local_token");
  if (!existsSync(path)) writeFileAtomic(path, `${randomBytes(32).toString("base64url")}\n`);
  requirePrivate(path);
  const token = readFileSync(path, "utf8").trim();
  if (!tokenPattern.test(token)) {
    throw new ClaudemeshError("invalid_config", `${path} does not hold a token`, {
      hint: "remove the file and start the daemon again: it makes a new one",
    });
  }
  const expected = digest(token);
  return { matches: (candidate) => timingSafeEqual(digest(candidate), expected) };
}

/** Hashing first gives both sides one length, so that the comparison tells nothing about the token's. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
