import { ClaudemeshError } from "../../protocol/error.ts";

/** Why the last consumer of a dead letter did not end it, when it said nothing. */
export const leaseRanOut = "the lease ran out";

export function unknownQueue(name: string): ClaudemeshError {
  return new ClaudemeshError("unknown_destination", `there is no queue "${name}" in this mesh`, {
    hint: "claudemesh queue list",
  });
}

export function queueExists(name: string): ClaudemeshError {
  return new ClaudemeshError("already_exists", `the queue ${name} exists already`, { hint: "claudemesh queue list" });
}

export function tooManyQueues(queuesMax: number): ClaudemeshError {
  return new ClaudemeshError("too_many_queues", `this mesh has ${queuesMax} queues already`, {
    hint: "claudemesh queue delete NAME makes room",
  });
}

export function queueNotEmpty(name: string): ClaudemeshError {
  return new ClaudemeshError("queue_not_empty", `the queue ${name} still holds messages`, {
    hint: `claudemesh queue list shows how many; claudemesh queue delete ${name} --force gives them up and tells their senders`,
  });
}

export function leaseLost(): ClaudemeshError {
  return new ClaudemeshError("lease_lost", "the lease is over, so the message is no longer this consumer's", {
    hint: "it is delivered again: claim it anew, with a longer lease or extended in time",
  });
}

export function notAMember(): ClaudemeshError {
  return new ClaudemeshError("not_a_member", "no such member in this mesh");
}
