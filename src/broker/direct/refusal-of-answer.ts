import type { Envelope } from "../../protocol/envelope.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { SendAnswer } from "../../protocol/frames.ts";

/** A store or broker that is away for a moment. */
const passingMs = 1_000;

type Refused = Exclude<SendAnswer, { readonly duplicate: boolean }>;

/** The refusal that a caller over HTTP gets for what a link would be answered. */
export function refusalOfAnswer(answer: Refused, envelope: Envelope): ClaudemeshError {
  if (answer.code === "idempotency_key_reused") {
    const { conflict, broker_fingerprint_prefix, broker_message_id } = answer as Extract<Refused, { status: 409 }>;
    return new ClaudemeshError("idempotency_key_reused", "this id is bound to another message", {
      hint: "use a new id for a new message",
      details: {
        conflict,
        ...(broker_fingerprint_prefix === undefined ? {} : { broker_fingerprint_prefix }),
        ...(broker_message_id === undefined ? {} : { broker_message_id }),
      },
    });
  }
  const { code, message, status, retry_after_ms } = answer as Exclude<Refused, { status: 409 }>;
  const waitMs = retry_after_ms ?? (status === 503 ? passingMs : undefined);
  const hint = hintOf(code, envelope);
  return new ClaudemeshError(code, sentence(message), {
    ...(hint === undefined ? {} : { hint }),
    details: waitMs === undefined ? {} : { retry_after_ms: waitMs },
  });
}

function hintOf(code: ErrorCode, { destination_kind: kind, destination_ref: ref }: Envelope): string | undefined {
  switch (code) {
    case "unsealed_body":
      return kind === "topic"
        ? `an owner or admin of the mesh opens it: claudemesh topic open ${ref} --unsealed`
        : kind === "queue"
          ? `an owner or admin of the mesh opens it: claudemesh queue open ${ref} --unsealed`
          : "send to a topic that is open for it: claudemesh topic open NAME --unsealed";
    case "not_subscribed":
      return `the key's member joins it first: claudemesh topic join ${ref}`;
    case "unknown_destination":
      return kind === "topic" ? "claudemesh topic list" : "claudemesh queue list";
    case "id_void":
      return "send the message under a new id";
    case "rate_limited":
    case "store_unavailable":
    case "stopping":
      return "send again with the same id, after the time that Retry-After says";
    default:
      return undefined;
  }
}

/** As errors are written here: no capital, no full stop. */
function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, "");
}
