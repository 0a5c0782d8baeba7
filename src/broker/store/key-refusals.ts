import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";

export function noParentEpoch(): ClaudemeshError {
  return new ClaudemeshError("not_found", "the epoch that this one follows is not one of its topic or queue");
}

export function wrongDepth(): ClaudemeshError {
  return new ClaudemeshError("invalid_field", "an epoch is one deeper than the one that it follows");
}

export function tooManySiblings(): ClaudemeshError {
  return new ClaudemeshError("too_many_epochs", `${limits.epochSiblingsMax} epochs follow the same one already`, {
    hint: "follow the deepest that there is now",
  });
}

export function tooManyEpochs(): ClaudemeshError {
  return new ClaudemeshError("too_many_epochs", `this topic or queue has had ${limits.epochsMax} keys`, {
    hint: "make another topic or queue and go on in it: claudemesh topic create NAME",
  });
}

export function epochsTooFast(retryAfterMs: number): ClaudemeshError {
  return new ClaudemeshError(
    "rate_limited",
    `one member makes at most ${limits.memberEpochsPerHourMax} keys of a topic or queue in an hour`,
    { hint: "send on: the present key is still good", details: { retry_after_ms: retryAfterMs } },
  );
}

export function otherHistory(): ClaudemeshError {
  return new ClaudemeshError("too_many_epochs", "there is a first key already, with another history", {
    hint: "follow the one that there is",
  });
}

export function destinationMissing(destination: string): ClaudemeshError {
  return new ClaudemeshError("unknown_destination", `there is no ${destination} under that name in this mesh`);
}
