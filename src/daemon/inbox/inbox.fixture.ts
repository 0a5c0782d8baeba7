import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import type { Inbox } from "../parts.ts";
import { createInbox } from "./inbox.ts";

export const me = "a".repeat(64);

export function inboxAt(
  path: string,
  pragmas?: string,
  fatal: (error: unknown) => void = (error) => {
    throw error;
  },
): Inbox {
  return createInbox({
    path,
    memberId: me,
    memberName: () => "ada",
    nameOf: () => null,
    clock: createManualClock(),
    log: silentLog,
    fatal,
    ...(pragmas === undefined ? {} : { pragmas }),
  });
}
