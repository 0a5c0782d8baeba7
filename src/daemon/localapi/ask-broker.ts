import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { Link } from "../parts.ts";

/** What any request that goes to the broker may be refused with, whatever it asks. */
export const brokerErrors: readonly ErrorCode[] = [
  "broker_unreachable",
  "timed_out",
  "protocol_error",
  "feature_unavailable",
  "store_unavailable",
];

/** Asks over the link while the caller waits. The result is the broker's word: whoever uses it looks at it first. */
export async function askBroker(
  link: Link,
  frame: Parameters<Link["request"]>[0],
  gone?: AbortSignal,
): Promise<unknown> {
  try {
    return await link.request(frame, gone);
  } catch (thrown) {
    throw olderBroker(ClaudemeshError.from(thrown));
  }
}

/** What a broker's refusal of a frame that it does not know means to who asked. */
export function olderBroker(error: ClaudemeshError): ClaudemeshError {
  if (error.details["unknown_type"] === undefined) return error;
  return new ClaudemeshError("feature_unavailable", "this mesh's broker is older and cannot answer this", {
    hint: "claudemesh version shows what was negotiated with it",
  });
}
