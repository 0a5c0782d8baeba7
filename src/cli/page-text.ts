import type { HistoryItem, InboxItem, Page } from "../protocol/local-api.ts";
import type { CommandContext } from "./command.ts";
import { messageLines } from "./message-text.ts";
import { shellWords } from "./shell-words.ts";

/**
 * A page of messages that was asked for newest first, shown oldest of them first as in `inbox`; then the command that
 * shows the page before. `words` are those of this command, without a cursor.
 */
export function printMessages(
  { out, flag }: CommandContext,
  page: Page<InboxItem | HistoryItem>,
  words: readonly string[],
): void {
  const items = page.items.toReversed();
  if (flag("json")) {
    out.json({ items, next_cursor: page.next_cursor });
    return;
  }
  if (items.length === 0) out.note("no messages");
  for (const item of items) for (const line of messageLines(item, out.paint)) out.line(line);
  if (page.next_cursor !== null)
    out.note(`older ones: claudemesh ${shellWords([...words, "--cursor", page.next_cursor])}`);
}
