import { type Field, described, listOf, oneOf, text } from "../../http/shape.ts";
import { answerOf, count, listing, nullable, view } from "../../http/view.ts";
import type { Joined, MembershipPage } from "../../protocol/admission.ts";
import { limits } from "../../protocol/limits.ts";
import type { MembershipEntry } from "../../protocol/membership/entry.ts";
import { readEntry } from "../../protocol/membership/read-entry.ts";

/** An entry of a chain, whatever its kind; its own reading refuses it with membership_invalid or membership_newer. */
const entry: Field<MembershipEntry> = {
  schema: {
    type: "object",
    description: "An entry of the mesh's membership chain as it was signed, with the fields of its kind",
    properties: {
      mesh_id: { type: "string" },
      n: { type: "integer", minimum: 0 },
      previous: { type: ["string", "null"] },
      at: { type: "string", format: "date-time" },
      by: { type: "string" },
      key_id: { type: "string" },
      kind: { type: "string" },
      signature: { type: "string" },
    },
    required: ["mesh_id", "n", "previous", "at", "by", "key_id", "kind", "signature"],
  },
  required: true,
  read: (value) => readEntry(value),
};

export const entriesShape = {
  entries: described(
    listOf(entry, limits.membershipPageMax),
    "At least one; they follow on each other. Those that the broker has are passed over",
  ),
};

const head = described(
  nullable(view({ n: count(), hash: text() })),
  "The newest entry of the chain; null: the mesh has none",
);

export const membershipPage = answerOf<MembershipPage>("MembershipPage")(
  view({ entries: described(listing(entry), "In order, at most a page of them"), head, slug: text() }),
);

export const joined = answerOf<Joined>("Joined")(
  view({
    mesh_id: text(),
    slug: text(),
    member_id: text(),
    name: text(),
    role: oneOf("owner", "admin", "member", "guest"),
  }),
);
