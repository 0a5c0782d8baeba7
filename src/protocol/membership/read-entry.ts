import { checkMemberName, parseAddress } from "../address.ts";
import { ClaudemeshError } from "../error.ts";
import { isRecord } from "../feature-schemas.ts";
import { isMemberId, isUuidV7 } from "../ids.ts";
import { isSignature } from "../envelope-check.ts";
import { limits } from "../limits.ts";
import { isRfc3339 } from "../time.ts";
import type { EntryKind, MembershipEntry } from "./entry.ts";
import { isWeakX25519 } from "./weak-keys.ts";

type FieldCheck = (value: unknown) => boolean;

const id: FieldCheck = (value) => typeof value === "string" && isMemberId(value);
const sealingKey: FieldCheck = (value) => typeof value === "string" && isMemberId(value) && !isWeakX25519(value);
const instant: FieldCheck = (value) => typeof value === "string" && isRfc3339(value);
const signature: FieldCheck = (value) => typeof value === "string" && isSignature(value);
const role: FieldCheck = (value) => value === "owner" || value === "admin" || value === "member" || value === "guest";
const whole =
  (least: number, most: number): FieldCheck =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
const logPlace = fields({
  epoch: whole(0, Number.MAX_SAFE_INTEGER),
  seq: whole(0, Number.MAX_SAFE_INTEGER),
});
const name: FieldCheck = (value) => {
  try {
    return typeof value === "string" && checkMemberName(value) === value;
  } catch {
    return false;
  }
};
const destination: FieldCheck = (value) => {
  try {
    if (typeof value !== "string") return false;
    const { kind } = parseAddress(value);
    return (kind === "topic" || kind === "queue") && value === value.toLowerCase();
  } catch {
    return false;
  }
};
const nullOr =
  (check: FieldCheck): FieldCheck =>
  (value) =>
    value === null || check(value);
/** Sorted and without duplicates, so that one meaning has one spelling. */
const listOf =
  (check: FieldCheck, itemsMax: number): FieldCheck =>
  (value) =>
    Array.isArray(value) &&
    value.length <= itemsMax &&
    value.every((item, index) => check(item) && (index === 0 || item > value[index - 1]));
const newMember = fields({ member_id: id, name, x25519_pubkey: sealingKey, proof: signature });

/** One line a kind: its fields, all required, none besides. */
const contentOf: Readonly<Record<EntryKind, Readonly<Record<string, FieldCheck>>>> = {
  create: { member: newMember, unsealed_through: nullOr(logPlace) },
  admit: { member: newMember, role },
  invite: { invite_id: id, role, uses: whole(1, limits.inviteUsesMax), expires_at: instant },
  invite_revoke: { invite_id: id },
  join: { member: newMember },
  rename: { member_id: id, name },
  role: { member_id: id, role },
  dm_from: { from: nullOr(listOf(id, limits.dmFromMax)) },
  grants: { member_id: id, destinations: nullOr(listOf(destination, limits.grantsMax)) },
  rotate: { keys: fields({ ed25519_pubkey: id, x25519_pubkey: sealingKey, proof: signature }) },
  revoke: { member_id: id, through: logPlace },
  leave: { through: logPlace },
  policy: { destination, unsealed: (value) => typeof value === "boolean" },
};

const placeFields: Readonly<Record<string, FieldCheck>> = {
  mesh_id: (value) => typeof value === "string" && isUuidV7(value),
  n: whole(0, limits.membershipEntriesMax - 1),
  previous: nullOr(id),
  at: instant,
  by: id,
  key_id: id,
  signature,
};

/**
 * An entry from outside, checked field by field; an unknown field is refused, since it is under the hash and would mean
 * something to somebody. Throws membership_invalid, or membership_newer for a kind that this program does not know.
 */
export function readEntry(value: unknown): MembershipEntry {
  if (!isRecord(value)) throw invalid("it is not an object");
  const { kind, ...rest } = value;
  if (typeof kind !== "string") throw invalid("its kind is missing");
  if (!Object.hasOwn(contentOf, kind)) {
    throw new ClaudemeshError(
      "membership_newer",
      `the mesh's membership has an entry of the kind "${shown(kind)}", which this program does not know`,
      {
        hint: "install a newer claudemesh",
      },
    );
  }
  const checks = { ...placeFields, ...contentOf[kind as EntryKind] };
  for (const [field, check] of Object.entries(checks))
    if (!Object.hasOwn(rest, field) || !check(rest[field])) throw invalid(`its field \`${field}\` is missing or wrong`);
  for (const field of Object.keys(rest))
    if (!Object.hasOwn(checks, field)) throw invalid(`it has a field \`${shown(field)}\``);
  return value as unknown as MembershipEntry;
}

/** Fields of a part of an entry, all required, none besides. */
function fields(checks: Readonly<Record<string, FieldCheck>>): FieldCheck {
  return (value) =>
    isRecord(value) &&
    Object.entries(checks).every(([field, check]) => Object.hasOwn(value, field) && check(value[field])) &&
    Object.keys(value).every((field) => Object.hasOwn(checks, field));
}

function shown(text: string): string {
  return text.slice(0, 40).replace(/[^\x20-\x7e]/g, "?");
}

function invalid(what: string): ClaudemeshError {
  return new ClaudemeshError("membership_invalid", `a membership entry cannot be read: ${what}`);
}
