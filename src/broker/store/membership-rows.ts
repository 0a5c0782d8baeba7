import type { AnnouncedKeys, MembershipHead } from "../../protocol/membership-frames.ts";
import { textOrNull } from "./read-row.ts";

type Row = Readonly<Record<string, unknown>>;

export function readMembershipHead(row: Row | undefined): MembershipHead | null {
  return row === undefined ? null : { n: Number(row["n"]), hash: String(row["hash"]) };
}

export function readAnnouncedKeys(row: Row): AnnouncedKeys {
  return {
    member_id: String(row["member_id"]),
    name: String(row["name"]),
    role: String(row["role"]) as AnnouncedKeys["role"],
    x25519_pubkey: textOrNull(row["x25519_pubkey"]),
    proof: textOrNull(row["proof"]),
  };
}

/** The first of them, as many as fit and at least one. */
export function withinBytes(texts: readonly string[], limitBytes: number): string[] {
  let bytes = 0;
  const end = texts.findIndex((text, place) => {
    bytes += Buffer.byteLength(text);
    return place > 0 && bytes > limitBytes;
  });
  return texts.slice(0, end === -1 ? undefined : end);
}
