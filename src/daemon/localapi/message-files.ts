import { described, invalid, optional, type Reading, text, whole } from "../../http/shape.ts";
import { type Attachment, type AttachmentView, shownAttachment } from "../../protocol/attachment.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { Files } from "../files/files.ts";
import type { LeasedFiles } from "../files/leased-files.ts";
import type { Inbox } from "../parts.ts";
import { askBroker } from "./ask-broker.ts";
import { queueErrors, queueName } from "./ask-of-queue.ts";
import { checkedPage, historyAddress, type HistoryParts, sentTo } from "./history.ts";
import { contentOf } from "./history-item.ts";

const numberMax = Number.MAX_SAFE_INTEGER - 1;

/** The message that brought files, by what names it where it was shown. */
export const messageQuery = {
  inbox_id: described(optional(whole(1, numberMax)), "The message: its row of the inbox"),
  history_id: described(optional(whole(1, numberMax)), "Or its place in the broker's history, with `address`"),
  address: described(optional(text()), "Of that history: `#topic`, or `dm`"),
  lease_id: described(optional(text({ charsMax: 64 })), "Or the lease of a claimed message, with `queue`"),
  queue: described(optional(text()), "`queue:name` or `name`"),
};

/** Of a message that is named so, besides that it is not there. */
export const messageQueryErrors: readonly ErrorCode[] = [
  ...queueErrors,
  "not_subscribed",
  "not_allowed",
  "directory_unavailable",
];

/** A file of a message. */
export interface FoundFile {
  readonly shown: AttachmentView;
  /** With its key. Throws file_gone of what this member sent itself to somebody else, and keeps no more. */
  attachment(): Attachment;
}

/** null: there is no such message, or nothing of it can be read here. Throws invalid_field, and what the broker refuses with. */
export type MessageFiles = (query: Reading<typeof messageQuery>) => Promise<readonly FoundFile[] | null>;

export type MessageFilesParts = HistoryParts & {
  readonly inbox: Pick<Inbox, "attachments">;
  readonly files: Pick<Files, "attachment">;
  readonly leasedFiles: LeasedFiles;
};

export function createMessageFiles(parts: MessageFilesParts): MessageFiles {
  const { link, self, files } = parts;

  const found = (carried: readonly (Attachment | AttachmentView)[] | null): readonly FoundFile[] | null =>
    carried?.map((file) => ({
      // Its key is never told.
      shown: "key" in file ? shownAttachment(file) : file,
      attachment: () =>
        "key" in file ? file : files.attachment(file.file_id, { name: file.name, contentType: file.content_type }),
    })) ?? null;

  /** The page that begins with it. */
  async function inHistory(
    historyId: number,
    written: string,
  ): Promise<readonly (Attachment | AttachmentView)[] | null> {
    const address = historyAddress(written, link, self);
    const page = { type: "history", address, before_seq: historyId + 1, limit: 1 };
    const [checked] = checkedPage(await askBroker(link, page), parts, sentTo(address)).items;
    return checked?.item.seq === historyId ? (contentOf(checked, self, parts.outbox)?.attachments ?? null) : null;
  }

  return async ({ inbox_id, history_id, address, lease_id, queue }) => {
    const isOne = [inbox_id, history_id ?? address, lease_id ?? queue].filter((way) => way !== undefined).length === 1;
    if (!isOne)
      throw invalid("inbox_id", "or history_id with address, or lease_id with queue, has to name one message");
    if (inbox_id !== undefined) return found(parts.inbox.attachments(inbox_id));
    if (history_id !== undefined && address !== undefined) return found(await inHistory(history_id, address));
    if (lease_id !== undefined && queue !== undefined)
      return found(parts.leasedFiles.of({ queue: queueName(queue), leaseId: lease_id }));
    throw lease_id === undefined && queue === undefined
      ? invalid(address === undefined ? "address" : "history_id", "goes with the other of history_id and address")
      : invalid(queue === undefined ? "queue" : "lease_id", "goes with the other of lease_id and queue");
  };
}
