import { ClaudemeshError } from "../../protocol/error.ts";

/** Whoever is no member, or no longer: a link of its may still be open at another broker, or be opening. */
export function noActiveMember(): ClaudemeshError {
  return new ClaudemeshError("not_a_member", "no such member in this mesh, or one that was revoked");
}
