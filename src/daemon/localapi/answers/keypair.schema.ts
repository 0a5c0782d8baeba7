import { described, text } from "../../../http/shape.ts";
import { answerOf, count, instant, listing, nullable, view } from "../../../http/view.ts";
import type {
  ArchiveCleaned,
  ArchiveDamageView,
  ArchivedKeyView,
  KeypairRotated,
  KeypairView,
} from "../../../protocol/keypair-api.ts";

const archivedKey = answerOf<ArchivedKeyView>("ArchivedKey")(
  view({
    key_id: text(),
    x25519_pubkey: text(),
    created_at: instant(),
    rotated_out_at: instant(),
    expires_at: described(instant(), "What is sealed to it opens until then"),
  }),
);

const damage = answerOf<ArchiveDamageView>("ArchiveDamage")(
  view({
    problem: text(),
    aside: described(nullable(text()), "Where the damaged file lies; null: it could not be moved"),
    saved: described(listing(text()), "key_ids of the entries that were saved"),
    lost: described(nullable(count()), "Entries that were not; null: that cannot be told"),
  }),
);

export const keypair = answerOf<KeypairView>("Keypair")(
  view({
    member_id: text(),
    key_id: described(text(), "Of the pair in use: its ed25519 public key"),
    x25519_pubkey: text(),
    created_at: instant(),
    changing: described(
      nullable(view({ key_id: text(), created_at: instant() })),
      "The pair that follows, begun and not in force; null: nothing has begun",
    ),
    archive: view({
      grace_period_days: count(),
      max_archived_keys: count(),
      keys: described(listing(archivedKey), "Newest first"),
      damage: described(nullable(damage), "The file was damaged when the daemon started; null: it was not"),
    }),
  }),
);

export const keypairRotated = answerOf<KeypairRotated>("KeypairRotated")(view({ key_id_before: text(), keypair }));

export const archiveCleaned = answerOf<ArchiveCleaned>("ArchiveCleaned")(
  view({ dropped: described(listing(text()), "key_ids that are gone for good"), keypair }),
);
