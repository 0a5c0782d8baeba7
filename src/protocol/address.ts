import { ClaudemeshError } from "./error.ts";
import { isMemberId } from "./ids.ts";
import { limits } from "./limits.ts";

/** Where a message may go. Names are lower-case; nothing has a default destination. */
export type Address =
  | { readonly kind: "member"; readonly member: string; readonly byId: boolean; readonly agent: string | null }
  | { readonly kind: "topic"; readonly name: string }
  | { readonly kind: "queue"; readonly name: string };

// Tried before lower-casing, which would turn a letter such as the Kelvin sign into an ASCII one.
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A member's, agent's, topic's or queue's name as it is kept: lower-case, ≤ 64 characters of [a-z0-9._-]. */
export function checkName(text: string, what: string): string {
  if (!isName(text)) {
    throw new ClaudemeshError("invalid_destination", `${what} "${printable(text)}" is not a name`, {
      hint: "names have 1–64 characters of a–z, 0–9, '.', '_' and '-', and begin with a letter or digit",
    });
  }
  return text.toLowerCase();
}

/** Whether a text is a name in the form in which it is kept, or in capitals. */
export function isName(text: string): boolean {
  return text.length <= limits.nameCharsMax && namePattern.test(text);
}

/** A name for a new member: one that reads as a member_id would be taken for the member of that id wherever it is shown. */
export function checkMemberName(text: string): string {
  const name = checkName(text, "member");
  if (!isMemberId(name)) return name;
  throw new ClaudemeshError("invalid_destination", `member "${name}" reads as a member's id and is not a name`, {
    hint: "choose another name with --name",
  });
}

/** Reads `@member`, `@member/agent`, `@<member_id>`, `#topic` or `queue:name`; else invalid_destination. */
export function parseAddress(text: string): Address {
  if (text.startsWith("@")) {
    const slash = text.indexOf("/");
    const member = slash < 0 ? text.slice(1) : text.slice(1, slash);
    const agent = slash < 0 ? null : checkName(text.slice(slash + 1), "agent");
    const name = checkName(member, "member");
    // An id in capitals is still the id: a member of that name must not receive what was meant for the id's owner.
    return { kind: "member", member: name, byId: isMemberId(name), agent };
  }
  if (text.startsWith("#")) return { kind: "topic", name: checkName(text.slice(1), "topic") };
  if (text.startsWith("queue:")) return { kind: "queue", name: checkName(text.slice(6), "queue") };
  throw new ClaudemeshError("invalid_destination", `"${printable(text)}" is not an address`, {
    hint: "write @member, @member/agent, #topic or queue:name",
  });
}

function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, "?");
}
