import { ClaudemeshError } from "../../protocol/error.ts";

export function nameTaken(name: string): ClaudemeshError {
  return new ClaudemeshError("already_exists", `the name "${name}" is taken in this mesh`, {
    hint: "choose another name",
  });
}

/** Whoever is no member, or no longer: a link of its may still be open at another broker, or be opening. */
export function noActiveMember(): ClaudemeshError {
  return new ClaudemeshError("not_a_member", "no such member in this mesh, or one that was revoked");
}
