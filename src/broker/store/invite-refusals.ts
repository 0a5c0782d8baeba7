import { ClaudemeshError } from "../../protocol/error.ts";
import { limits } from "../../protocol/limits.ts";
import type { InviteRow } from "./store.ts";

const askAnew = "ask for a new one: claudemesh invite";

export function tooManyInvites(): ClaudemeshError {
  return new ClaudemeshError("too_many_invites", `the mesh has ${limits.invitesOpenMax} open invites`, {
    hint: "claudemesh invite list, then claudemesh invite revoke ID",
  });
}

export function unknownInvite(): ClaudemeshError {
  return new ClaudemeshError("invite_unknown", "this broker knows no such invite", { hint: askAnew });
}

export function memberWasRevoked(): ClaudemeshError {
  return new ClaudemeshError("not_a_member", "this member was revoked; its keys are not admitted again", {
    hint: "join with a home of its own: CLAUDEMESH_HOME=DIR claudemesh join LINK",
  });
}

/** Why nobody new may come in by this invite now; null: it is open. */
export function closedInvite(invite: InviteRow, now: number): ClaudemeshError | null {
  if (invite.revoked_at !== null)
    return new ClaudemeshError("invite_revoked", "the invite was revoked", { hint: askAnew });
  if (invite.expires_at <= now) {
    const over = new Date(invite.expires_at).toISOString();
    return new ClaudemeshError("invite_expired", `the invite was good until ${over}`, { hint: askAnew });
  }
  if (invite.used >= invite.uses) {
    const times = invite.uses === 1 ? "once, as it may be" : `${invite.uses} times, as often as it may be`;
    return new ClaudemeshError("invite_used", `the invite was used ${times}`, { hint: askAnew });
  }
  return null;
}
