import { hostname, userInfo } from "node:os";

const nameCharsMax = 48;

/** The name of a member for whom none was chosen: the user's, for root the host's, in the characters a name may have. */
export function defaultMemberName(user: string = userName(), host: string = hostname()): string {
  const candidates = user === "root" ? [host.split(".")[0] ?? "", user] : [user, host.split(".")[0] ?? ""];
  return candidates.map(clean).find((name) => name !== "") ?? "member";
}

function clean(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[-._]+$/g, "")
    .slice(0, nameCharsMax);
}

/** Some systems know no user for the process's id. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}
