import type { TopicInfo } from "../../protocol/frames.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import type { Directory } from "../parts.ts";

/** Where an envelope stands in the log. */
interface Place {
  /** As the broker names it. */
  readonly destination: string;
  readonly seq: number;
}

/**
 * Whether a message that nobody has signed may stand at its place: in a topic or queue that the mesh has opened for such
 * ones, or had when it was accepted. Everywhere else a signature is asked for, whatever the broker says of the message.
 */
export function mayBeUnsigned(envelope: Envelope, place: Place, directory: Directory | null): boolean {
  const policy = policyOf(envelope, place, directory);
  // A directory that an older version kept says nothing of it.
  return policy !== undefined && (policy.unsealed === true || place.seq <= (policy.unsealed_through ?? 0));
}

function policyOf(
  { destination_kind: kind, destination_ref: ref }: Envelope,
  { destination }: Place,
  directory: Directory | null,
): Partial<Pick<TopicInfo, "unsealed" | "unsealed_through">> | undefined {
  if (kind === "topic")
    return directory?.topics.find(({ topic_id, name }) => destination === `topic:${topic_id}` && name === ref);
  if (kind === "queue" && destination === `queue:${ref}`) return directory?.queues?.find(({ name }) => name === ref);
  return undefined;
}
