import { described, oneOf, optional, text } from "../../http/shape.ts";
import { answerOf, constant, count, flag, instant, listing, nullable, record, view } from "../../http/view.ts";
import type { BrokerStatusView, MeshList, MeshView } from "../../protocol/admin-api.ts";
import { concurrencyPolicies } from "../../protocol/concurrency.ts";
import type { MemberInfo } from "../../protocol/frames.ts";
import type { StoppingView } from "../../protocol/local-api.ts";
import type { JobReport } from "../upkeep/upkeep-job.ts";

export const status = answerOf<BrokerStatusView>("BrokerStatus")(
  view({
    broker_id: text(),
    broker_key: described(text(), "Deployment public key, 64 hex characters"),
    url: described(text(), "Where daemons of this host connect"),
    exposed: described(
      nullable(view({ url: text(), port: count(), certificate_print: text() })),
      "Where daemons of other hosts connect; null: nowhere",
    ),
    pid: count(),
    links: count(),
  }),
);

export const mesh = answerOf<MeshView>()(view({ mesh_id: text(), slug: text() }));

export const meshes = answerOf<MeshList>()(
  view({
    meshes: listing(
      view({
        mesh_id: text(),
        slug: text(),
        created_at: described(count(), "Milliseconds since 1970, UTC"),
        concurrency: described(oneOf(...concurrencyPolicies), "What becomes of a second daemon with one member's keys"),
      }),
    ),
  }),
);

export const member = answerOf<MemberInfo>("Member")(
  view({
    member_id: text(),
    name: text(),
    role: oneOf("owner", "admin", "member", "guest"),
    online: flag(),
    agents: listing(text()),
    agents_told: described(
      optional(view({ former: listing(text()), online: listing(text()) })),
      "Names that its agents had, and who of them is there; absent: its daemon tells nothing, and there may be others",
    ),
    last_seen_at: nullable(instant()),
    clone_suspected_at: described(
      optional(nullable(instant())),
      "When it was last seen on another host than before; only owners and admins are told, over their links",
    ),
    kicked_until: described(optional(nullable(instant())), "Sent away until then; null: it may come"),
  }),
);

export const report = answerOf<JobReport>()(
  described(record(count()), "Figures by name: rows removed, findings by kind"),
);

export const stopping = answerOf<StoppingView>()(view({ state: constant("stopping") }));
