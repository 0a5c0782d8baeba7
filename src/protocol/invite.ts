import { createHash } from "node:crypto";
import { isAuthority } from "./authority.ts";
import { ClaudemeshError } from "./error.ts";
import { limits } from "./limits.ts";

/**
 * What an invite link says. The link is the only place where its secret stands: `seed` is the private key of a key pair
 * made for this invite, whose public key is the invite's id at the broker. Whoever joins signs the admission with it, so
 * the broker can check an invite and can make none.
 */
export interface Invite {
  /** `host:port`, or `host` where the port is the scheme's own, as a Host header has it. */
  readonly authority: string;
  readonly transport: InviteTransport;
  /** The deployment's ed25519 public key, 64 lower-case hex characters. */
  readonly broker_key: string;
  readonly mesh_id: string;
  readonly slug: string;
  /** 32 bytes: an ed25519 private key (RFC 8032 §5.1.5). */
  readonly seed: Uint8Array;
  /**
   * Hash of the mesh's newest membership entry when the link was made, 64 hex characters: whoever joins knows by it that the
   * broker shows the mesh that was meant. null: the link is from before there were chains.
   */
  readonly membership_head: string | null;
  /** Epoch milliseconds, as the broker will judge it by its own clock. */
  readonly expires_at: number;
}

/** How the broker is reached: without TLS (loopback only), by a pinned certificate, or by one that the system trusts. */
export type InviteTransport =
  | { readonly kind: "plain" }
  | { readonly kind: "pinned"; readonly certificate_print: string }
  | { readonly kind: "trusted" };

const scheme = "claudemesh://";
const version = 1;
const checksumBytes = 8;
/** A link is at most so long; a longer text is no link. */
export const inviteLinkCharsMax = 1_024;

/**
 * Fields of version 1, each as tag, length (one byte) and value. A reader skips a tag that it does not know, so that a
 * later program can say more to those who understand it. A change that a reader must not skip is a new version.
 */
const tags = { transport: 1, print: 2, brokerKey: 3, meshId: 4, slug: 5, seed: 6, expiresAt: 7, head: 8 } as const;
const transports = ["plain", "pinned", "trusted"] as const;

/** `claudemesh://<authority>/<base64url>`: no character that a shell, a chat or a mail would change. */
export function inviteLink(invite: Invite): string {
  const expiresAt = Buffer.alloc(8);
  expiresAt.writeBigUInt64BE(BigInt(invite.expires_at));
  const fields = Buffer.concat([
    field(tags.transport, Buffer.from([transports.indexOf(invite.transport.kind)])),
    ...(invite.transport.kind === "pinned"
      ? [field(tags.print, Buffer.from(invite.transport.certificate_print, "hex"))]
      : []),
    field(tags.brokerKey, Buffer.from(invite.broker_key, "hex")),
    field(tags.meshId, Buffer.from(invite.mesh_id.replaceAll("-", ""), "hex")),
    field(tags.slug, Buffer.from(invite.slug, "utf8")),
    field(tags.seed, invite.seed),
    ...(invite.membership_head === null ? [] : [field(tags.head, Buffer.from(invite.membership_head, "hex"))]),
    field(tags.expiresAt, expiresAt),
  ]);
  const head = Buffer.from([version, 0, 0]);
  head.writeUInt16BE(fields.length, 1);
  const said = Buffer.concat([head, fields]);
  return `${scheme}${invite.authority}/${Buffer.concat([said, checksum(invite.authority, said)]).toString("base64url")}`;
}

/** Reads a link. Throws invite_malformed, invite_truncated, invite_altered or invite_newer; whether it is still good only the broker knows. */
export function parseInvite(text: string): Invite {
  const written = text.trim();
  const parts = /^claudemesh:\/\/([^/\s]*)(?:\/([A-Za-z0-9_-]*))?$/i.exec(written);
  if (parts === null || written.length > inviteLinkCharsMax) throw malformed(written);
  const authority = (parts[1] ?? "").toLowerCase();
  const bytes = Buffer.from(parts[2] ?? "", "base64url");
  if (bytes.length < 3) throw truncated();
  if (bytes[0] !== version) {
    if ((bytes[0] ?? 0) < version) throw altered();
    throw new ClaudemeshError("invite_newer", `the invite is of version ${bytes[0]}, this program reads ${version}`, {
      hint: "install a newer claudemesh and join again",
    });
  }
  const end = 3 + bytes.readUInt16BE(1);
  if (bytes.length < end + checksumBytes) throw truncated();
  const said = bytes.subarray(0, end);
  if (!bytes.subarray(end).equals(checksum(authority, said))) throw altered();
  return readFields(authority, said.subarray(3));
}

/** The authority is covered too: a link with another host would otherwise only fail later, and less clearly. */
function checksum(authority: string, said: Uint8Array): Buffer {
  return createHash("sha256")
    .update(`claudemesh:invite:v1\0${authority}\0`)
    .update(said)
    .digest()
    .subarray(0, checksumBytes);
}

function field(tag: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag, value.length]), value]);
}

function readFields(authority: string, fields: Buffer): Invite {
  const found = new Map<number, Buffer>();
  for (let at = 0; at < fields.length; ) {
    const [tag = 0, length = 0] = [fields[at], fields[at + 1]];
    found.set(tag, fields.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const take = (tag: number, bytes: number): Buffer => {
    const value = found.get(tag);
    if (value?.length !== bytes) throw altered();
    return value;
  };
  const kind = transports[take(tags.transport, 1)[0] ?? -1];
  const slug = found.get(tags.slug)?.toString("utf8") ?? "";
  if (kind === undefined || !/^[a-z0-9][a-z0-9._-]*$/.test(slug) || slug.length > limits.nameCharsMax) throw altered();
  // The check only finds accidents: anybody can make a link, and one must not show a host that it does not lead to.
  if (!isAuthority(authority)) throw altered();
  const expiresAt = Number(take(tags.expiresAt, 8).readBigUInt64BE());
  if (!Number.isSafeInteger(expiresAt)) throw altered();
  const mesh = take(tags.meshId, 16).toString("hex");
  return {
    authority,
    transport: kind === "pinned" ? { kind, certificate_print: take(tags.print, 32).toString("hex") } : { kind },
    broker_key: take(tags.brokerKey, 32).toString("hex"),
    mesh_id: `${mesh.slice(0, 8)}-${mesh.slice(8, 12)}-${mesh.slice(12, 16)}-${mesh.slice(16, 20)}-${mesh.slice(20)}`,
    slug,
    seed: take(tags.seed, 32),
    membership_head: found.has(tags.head) ? take(tags.head, 32).toString("hex") : null,
    expires_at: expiresAt,
  };
}

function malformed(written: string): ClaudemeshError {
  const shown = written.slice(0, scheme.length + 8).replace(/[^\x20-\x7e]/g, "?");
  return new ClaudemeshError(
    "invite_malformed",
    `"${shown}${written.length > shown.length ? "…" : ""}" is not an invite link`,
    {
      hint: `a link begins with ${scheme} and is made by: claudemesh invite`,
    },
  );
}

function truncated(): ClaudemeshError {
  return new ClaudemeshError("invite_truncated", "the end of the invite link is missing", {
    hint: "copy the whole link, in one piece, and join again",
  });
}

function altered(): ClaudemeshError {
  return new ClaudemeshError("invite_altered", "the invite link was changed on its way: its check does not hold", {
    hint: "copy the link again from where it was made, or ask for a new one: claudemesh invite",
  });
}
