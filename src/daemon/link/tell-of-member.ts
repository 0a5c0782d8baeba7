import type { EventFrame } from "../../protocol/frames.ts";
import { isRfc3339 } from "../../protocol/time.ts";
import type { OpeningContext } from "./opening.ts";

/**
 * A member was sent away or may come back, or may be running on a copy of its host. It is the broker's word: of whom nobody
 * knows, and what cannot be read, nothing is told.
 */
export async function tellOfMember(
  frame: Extract<EventFrame, { event: "member_kicked" | "member_clone_suspected" }>,
  { directory, inbox, clock, identity }: Pick<OpeningContext, "directory" | "inbox" | "clock" | "identity">,
): Promise<void> {
  const members = directory.current()?.members ?? [];
  const nameOf = (id: unknown): string | null => members.find(({ member_id }) => member_id === id)?.name ?? null;
  const name = nameOf(frame.member_id);
  if (name === null) return;
  const { event, member_id: memberId } = frame;
  const said = event === "member_kicked" ? readKick(frame, nameOf) : readReason(frame, memberId === identity.memberId);
  if (said === null) return;
  await inbox.addEvents([{ event, data: { member_id: memberId, name, address: `@${name}`, ...said } }], clock.now());
}

function readKick(
  { by, until }: Extract<EventFrame, { event: "member_kicked" }>,
  nameOf: (id: unknown) => string | null,
): Record<string, unknown> | null {
  if (!(until === null || (typeof until === "string" && isRfc3339(until)))) return null;
  return { by: nameOf(by), until };
}

const reasons: ReadonlySet<unknown> = new Set(["host_id", "wired_address", "host_changed"]);

function readReason(
  { reason }: Extract<EventFrame, { event: "member_clone_suspected" }>,
  self: boolean,
): Record<string, unknown> | null {
  return reasons.has(reason) ? { self, reason } : null;
}
