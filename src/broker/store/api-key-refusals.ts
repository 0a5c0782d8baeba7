import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";

/** What keeping API keys refuses, the same on every store. */

export function keyOwnerNoMember(): ClaudemeshError {
  return new ClaudemeshError("not_a_member", "an API key belongs to a member of the mesh", {
    hint: "claudemesh members",
  });
}

export function tooManyApiKeys(): ClaudemeshError {
  return new ClaudemeshError("too_many_api_keys", `the mesh has ${limits.apiKeysOpenMax} API keys in use`, {
    hint: "claudemesh apikey list, then claudemesh apikey revoke ID",
  });
}

export function unknownApiKey(): ClaudemeshError {
  return new ClaudemeshError("not_found", "this mesh has no such API key", { hint: "claudemesh apikey list" });
}
