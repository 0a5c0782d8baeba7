import type { EventFrame } from "../../protocol/frames.ts";
import { isRfc3339 } from "../../protocol/time.ts";
import type { OpeningContext } from "./opening.ts";

/** A member was sent away, or may come back. It is the broker's word: of whom nobody knows nothing is told. */
export async function tellKicked(
  { member_id: memberId, by, until }: Extract<EventFrame, { event: "member_kicked" }>,
  { directory, inbox, clock }: Pick<OpeningContext, "directory" | "inbox" | "clock">,
): Promise<void> {
  const members = directory.current()?.members ?? [];
  const nameOf = (id: unknown): string | null => members.find(({ member_id }) => member_id === id)?.name ?? null;
  const name = nameOf(memberId);
  if (name === null || !(until === null || (typeof until === "string" && isRfc3339(until)))) return;
  const data = { member_id: memberId, name, address: `@${name}`, by: nameOf(by), until };
  await inbox.addEvents([{ event: "member_kicked", data }], clock.now());
}
