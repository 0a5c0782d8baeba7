import { concurrencyPolicies } from "../../protocol/concurrency.ts";
import type { EventFrame } from "../../protocol/frames.ts";
import type { OpeningContext } from "./opening.ts";

type Told = Extract<EventFrame, { event: "member_concurrent_connection" | "concurrency_changed" }>;

/**
 * Two daemons use one member's keys, or the mesh does something else about that from now on. It is the broker's word: of whom nobody knows,
 * and in words that nobody knows, nothing is told.
 */
export async function tellConcurrency(
  frame: Told,
  {
    directory,
    inbox,
    clock,
    identity,
    log,
  }: Pick<OpeningContext, "directory" | "inbox" | "clock" | "identity" | "log">,
): Promise<void> {
  const members = directory.current()?.members ?? [];
  const nameOf = (id: unknown): string | null => members.find(({ member_id }) => member_id === id)?.name ?? null;
  const { event } = frame;
  if (event === "concurrency_changed") {
    const policy = concurrencyPolicies.find((known) => known === frame.policy);
    if (policy !== undefined) await inbox.addEvents([{ event, data: { policy, by: nameOf(frame.by) } }], clock.now());
    return;
  }
  const { member_id: memberId } = frame;
  log.warn({ member_id: memberId }, "a second daemon uses a member's identity");
  const name = nameOf(memberId);
  if (name === null) return;
  const data = { member_id: memberId, name, address: `@${name}`, self: memberId === identity.memberId };
  await inbox.addEvents([{ event, data }], clock.now());
}
