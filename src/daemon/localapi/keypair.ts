import { operation, type Route } from "../../http/route.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { ErrorCode } from "../../protocol/error-codes.ts";
import type { KeypairView } from "../../protocol/keypair-api.ts";
import type { ArchiveSettings } from "../identity/keypair-archive.ts";
import type { OwnKeys } from "../identity/own-keys.ts";
import type { Rotation } from "../identity/rotation.ts";
import type { Membership } from "../parts.ts";
import * as answers from "./answers/keypair.schema.ts";
import { chainOf, entryErrors } from "./member-view.ts";

/** Of an entry that others came before it is tried again by itself. */
const rotateErrors: readonly ErrorCode[] = [
  ...entryErrors.filter((code) => code !== "membership_moved"),
  "not_allowed",
  "outcome_pending",
];

export interface KeypairParts {
  readonly keys: OwnKeys;
  readonly rotation: Rotation;
  readonly membership: Pick<Membership, "state" | "trouble">;
  readonly config: { readonly crypto: ArchiveSettings };
}

/** The member's own keys, those in use and the former ones: how they are changed, and when they are forgotten. */
export function keypairRoutes(parts: KeypairParts): readonly Route[] {
  const { keys, rotation } = parts;
  return [
    operation({
      name: "keypair",
      method: "GET",
      path: "/v1/keypair",
      summary: "Which keys this member uses, and which former ones still open what is sealed to them",
      answers: [{ status: 200, description: "Names and dates; nothing that is secret", body: answers.keypair }],
      handle: () => ({ status: 200, body: keypairView(parts) }),
    }),
    operation({
      name: "keypairRotate",
      method: "POST",
      path: "/v1/keypair/rotate",
      summary: "Change this member's keys; what is sealed to the former ones opens for as long as their grace lasts",
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "The new keys are in force", body: answers.keypairRotated }],
      errors: rotateErrors,
      async handle() {
        // What the chain does not name cannot be changed in it; nothing needs to be asked for that.
        chainOf(parts.membership);
        const { keyIdBefore } = await rotation.rotate();
        return { status: 200, body: { key_id_before: keyIdBefore, keypair: keypairView(parts) } };
      },
    }),
    operation({
      name: "keypairArchiveCleanup",
      method: "POST",
      path: "/v1/keypair/archive/cleanup",
      summary: "Forget the former keys whose grace is over now, and not within the hour",
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "What is left, and what is gone", body: answers.archiveCleaned }],
      errors: ["store_unavailable"],
      handle() {
        try {
          const dropped = keys.prune();
          return { status: 200, body: { dropped, keypair: keypairView(parts) } };
        } catch (thrown) {
          throw ClaudemeshError.from(thrown, "store_unavailable");
        }
      },
    }),
  ];
}

function keypairView({ keys, config }: KeypairParts): KeypairView {
  const { next, archive } = keys;
  const former = archive.keys().filter(({ keyId }) => keyId !== keys.keyId);
  return {
    member_id: keys.memberId,
    key_id: keys.keyId,
    x25519_pubkey: keys.x25519PublicKey,
    created_at: keys.createdAt,
    changing: next === null ? null : { key_id: next.keyId, created_at: next.createdAt },
    archive: {
      grace_period_days: config.crypto.key_grace_period_days,
      max_archived_keys: config.crypto.max_archived_keys,
      keys: former.map((key) => ({
        key_id: key.keyId,
        x25519_pubkey: key.x25519PublicKey,
        created_at: key.createdAt,
        rotated_out_at: key.rotatedOutAt,
        expires_at: key.expiresAt,
      })),
      damage: archive.damage,
    },
  };
}
