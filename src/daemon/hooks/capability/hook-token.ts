import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { limits } from "../../../protocol/limits.ts";

/** The token of one run of a hook: it is known nowhere but in that run's environment, and is on no disk. */
export interface HookToken {
  readonly text: string;
  /** Whether `given` is it and still holds. Compared in constant time. */
  holds(given: string, now: number): boolean;
  /** From now on nothing is it. */
  end(): void;
}

export function createHookToken(now: number): HookToken {
  const text = randomBytes(32).toString("base64url");
  const kept = digest(text);
  let isOver = false;
  return {
    text,
    holds(given, at) {
      const isSame = timingSafeEqual(digest(given), kept);
      // A clock that was set back makes it no longer than it is.
      return isSame && !isOver && now <= at && at < now + limits.hookTokenMs;
    },
    end() {
      isOver = true;
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
