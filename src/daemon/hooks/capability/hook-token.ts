import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { limits } from "../../../protocol/limits.ts";

/** The token of one run of a hook: it is known nowhere but in that run's environment, and is on no disk. */
export interface HookToken {
  readonly text: string;
  /** Whether `given` is it and still holds. Compared in constant time. */
  holds(given: string, now: number): boolean;
  /** Whether its time is not over. */
  isAlive(now: number): boolean;
  /** From now on nothing is it. */
  end(): void;
}

export function createHookToken(now: number): HookToken {
  const text = randomBytes(32).toString("base64url");
  const kept = digest(text);
  let isOver = false;
  // A clock that was set back makes it no longer than it is.
  const isAlive = (at: number): boolean => !isOver && now <= at && at < now + limits.hookTokenMs;
  return {
    text,
    holds(given, at) {
      const isSame = timingSafeEqual(digest(given), kept);
      return isSame && isAlive(at);
    },
    isAlive,
    end() {
      isOver = true;
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
