import { anyJson, described, oneOf, text, whole } from "../../../http/shape.ts";
import { answerOf, constant, count, flag, instant, listing, nullable, record, view } from "../../../http/view.ts";
import { linkErrorKinds } from "../../../protocol/link-error-kinds.ts";
import { durabilities, type HealthView, type StoppingView } from "../../../protocol/local-api.ts";
import type { CompatView, VersionView } from "../../../protocol/version-api.ts";
import { membershipTrouble } from "./membership.schema.ts";
import { outboxCounts } from "./outbox.schema.ts";

const durabilityHelp =
  "What messages here outlive: `disk`: the process and the power; `process`: nothing but it, as of an ephemeral daemon";

export const health = answerOf<HealthView>("Health")(
  view({
    status: described(oneOf("ok", "degraded"), "ok: the link to the broker is up"),
    mesh: text(),
    member: view({ member_id: text(), name: text(), address: text() }),
    link: view({
      state: oneOf("connected", "connecting", "waiting", "stopped"),
      since: instant(),
      broker_url: text(),
      last_error: nullable(text()),
      last_error_kind: described(nullable(oneOf(...linkErrorKinds)), "For programs: what kind of error that was"),
      receives: described(
        nullable(flag()),
        "false: another daemon of this member receives, and this one only sends; null: there is no link",
      ),
      instance_id: described(
        text(),
        "Of this start of the daemon, by which the broker and other daemons are told of it",
      ),
      next_dial_at: described(nullable(instant()), "While it waits: the broker is not dialled before"),
      clock_skew_ms: described(
        nullable(whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
        "The broker's clock less this host's, at the last opening of the link",
      ),
    }),
    outbox: described(outboxCounts, "Rows by status"),
    membership: view({
      entries: described(count(), "Entries of the membership chain that this home holds; 0: none"),
      trouble: membershipTrouble,
    }),
    pid: count(),
    started_at: instant(),
    durability: described(oneOf(...durabilities), durabilityHelp),
    ends_at: described(nullable(instant()), "When this daemon ends by itself; null: it does not"),
  }),
);

const floors = described(record(record(count())), "Least values that this daemon works with, by feature and parameter");

export const version = answerOf<VersionView>("Version")(
  view({
    daemon: text(),
    ipc_api: constant("v1"),
    ipc_features: listing(text()),
    schema_version: count(),
    durability: described(oneOf(...durabilities), durabilityHelp),
    broker_features: described(
      nullable(record(anyJson("parameters of one feature"))),
      "As negotiated with the broker: parameters by feature, with its version; null without a link",
    ),
    required_features: described(listing(text()), "Without these the daemon ends the link"),
    ignored_features: described(
      nullable(listing(text())),
      "What the broker answered invalidly and could be left out: an optional feature, or feature.parameter; null without a link",
    ),
    feature_floors: floors,
    file_bytes: described(count(), "Bytes of the largest file in this mesh; the default without a link"),
    inline_bytes: described(count(), "Bytes of one message's body in this mesh; the default without a link"),
  }),
);

const offers = record(view({ versions: listing(count()) }));

export const compat = answerOf<CompatView>("Compat")(
  view({
    ipc_api: listing(text()),
    ipc_features: listing(text()),
    link: described(listing(text()), "Subprotocols of the link"),
    envelope_versions: listing(count()),
    fingerprint_versions: listing(text()),
    features: described(view({ require: offers, optional: offers }), "Offered to the broker, by name"),
    feature_floors: floors,
    schema_version: view({ min: count(), max: count() }),
    sqlite: text(),
    daemon: text(),
  }),
);

export const stopping = answerOf<StoppingView>()(view({ state: constant("stopping") }));
