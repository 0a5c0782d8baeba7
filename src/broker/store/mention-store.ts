import type { LogMessage } from "./store.ts";

/** Who is mentioned where. The index is written in the accept transaction; repairing it is for a store that was damaged. */
export interface MentionStore {
  /**
   * Messages that mention the member, newest first, below `beforeSeq` (null: from the head): direct ones to or from it,
   * and topics' within its subscription intervals. A mention elsewhere is not its to read.
   */
  mentions(meshId: string, memberId: string, page: { beforeSeq: number | null; limit: number }): Promise<LogMessage[]>;
  /**
   * Makes the index say what the envelopes say, for `limit` sequence numbers above `afterSeq`, in one transaction; `next`
   * is where to go on, null at the head. With `dryRun` it counts alone.
   */
  repairMentions(
    meshId: string,
    afterSeq: number,
    options: { limit: number; dryRun: boolean },
  ): Promise<{ added: number; removed: number; next: number | null }>;
}
