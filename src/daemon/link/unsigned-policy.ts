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
 * Whether a message that nobody has signed may stand at its place: in a topic that the mesh has opened for such ones, or
 * had when it was accepted. Everywhere else a signature is asked for, whatever the broker says of the message itself.
 */
export function mayBeUnsigned(envelope: Envelope, { destination, seq }: Place, directory: Directory | null): boolean {
  if (envelope.destination_kind !== "topic") return false;
  const topic = directory?.topics.find(
    ({ topic_id, name }) => destination === `topic:${topic_id}` && name === envelope.destination_ref,
  );
  return topic !== undefined && isOpenAt(topic, seq);
}

/** A directory that an older version kept says nothing of it. */
function isOpenAt(topic: Partial<Pick<TopicInfo, "unsealed" | "unsealed_through">>, seq: number): boolean {
  return topic.unsealed === true || seq <= (topic.unsealed_through ?? 0);
}
