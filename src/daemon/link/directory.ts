import type { Clock } from "../../base/clock.ts";
import type { RequestResults } from "../../protocol/frames.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { Directory, Inbox } from "../parts.ts";

const directoryFact = "directory";

/** Members and topics as the broker last told them, kept on disk: names resolve while the broker is away. */
export interface DirectoryKeeper {
  current(): Directory | null;
  refresh(request: (frame: { type: string }) => Promise<unknown>): Promise<void>;
}

export function directoryKeeper(inbox: Inbox, clock: Clock): DirectoryKeeper {
  let known: Directory | null = null;
  let loaded = false;
  return {
    current() {
      if (!loaded) {
        const kept = inbox.fact(directoryFact);
        known = kept === null ? null : (JSON.parse(kept) as Directory);
        loaded = true;
      }
      return known;
    },
    async refresh(request) {
      const { members } = (await request({ type: "members" })) as RequestResults["members"];
      const { topics } = (await request({ type: "topics" })) as RequestResults["topics"];
      known = { told_at: rfc3339(clock.now()), members, topics };
      loaded = true;
      await inbox.setFact(directoryFact, JSON.stringify(known));
    },
  };
}
