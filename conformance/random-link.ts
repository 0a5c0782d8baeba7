import type { Request } from "./adapter.ts";
import type { Random } from "./random.ts";
import { characters } from "./random-text.ts";

type Members = Record<string, unknown>;

/** Parameters that are well, by feature and version. */
const well: Readonly<Record<string, Readonly<Record<number, Members>>>> = {
  client_message_id_dedupe: {
    1: { mode: "retention_scoped", dedupe_retention_days: 30, request_fingerprint: true },
    2: { mode: "retention_scoped", dedupe_retention_days: 3, fingerprint_versions: ["sha256-jcs-v2", "sha256-jcs-v1"] },
  },
  concurrent_connection_policy: { 1: { default_policy: "prefer_oldest" } },
  member_keypair_rotated_event: { 1: {} },
  key_epoch: { 1: { max_concurrent_epochs: 4 } },
  max_payload: { 1: { inline_bytes: 65_536, blob_bytes: 1_048_576 } },
  other: { 1: { x: 1 } },
};
const names = Object.keys(well);
const extras = ["tombstone_history_pruned_window_days", "default_policy", "note", "__proto__", "constructor"];
const junk: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 2, 3, 1.5, 30, 1_023, 1_024, "", "1", "permanent", "retention_scoped"],
  ...["sha256-jcs-v1", "prefer_newest", "x".repeat(257), [], {}, [null], ["sha256-jcs-v1"], ["sha256-jcs-v3"]],
  ...[{ version: 1 }, { params: { version: 1 } }, Array(65).fill("x")],
];
const kinds = ["protocol_error", "kicked", "feature_unavailable", "feature_param_below_floor"];

/** What daemon and broker decide alone: a close reason, a broker's answer, or a daemon's judgement of one, which may be anything. */
export function randomLink(random: Random): Request {
  switch (random.below(4)) {
    case 0:
      return {
        op: "close_reason",
        kind: random.pick(kinds),
        feature: random.once(3) ? null : random.once(4) ? characters(random, 90) : random.pick(names),
        detail: characters(random, 120),
      };
    case 1:
      return { op: "negotiate", own: own(random), asked: offers(random) };
    default: {
      const offered = offers(random);
      const ack_features = random.once(40) ? random.pick(junk) : spoilt(random, answer(random, offered));
      return { op: "negotiate", offers: offered, floor_days: random.pick([1, 3, 7]), ack_features };
    }
  }
}

interface Offers {
  readonly require: Readonly<
    Record<string, { readonly versions: readonly number[]; readonly holds?: readonly string[] }>
  >;
  readonly optional: Offers["require"];
}

function offers(random: Random): Offers {
  const asked = names.filter(() => !random.once(3)).sort(() => random.below(3) - 1);
  const offer = (name: string): [string, Offers["require"][string]] => {
    const known = Object.keys(well[name] ?? {}).map(Number);
    const some = known.filter(() => !random.once(4));
    const versions = [...(some.length > 0 ? some : known), ...(random.once(8) ? [3] : [])];
    const holds = name === "client_message_id_dedupe" && random.once(6) ? { holds: ["sha256-jcs-v1"] } : {};
    return [name, { versions, ...holds }];
  };
  const required = asked.slice(0, 1 + random.below(3));
  return {
    require: Object.fromEntries(required.map(offer)),
    optional: Object.fromEntries(asked.slice(required.length).map(offer)),
  };
}

function own(random: Random): Members {
  const known = names.filter(() => !random.once(3));
  return Object.fromEntries(
    known.map((name) => [name, Object.fromEntries(Object.entries(well[name] ?? {}).filter(() => !random.once(4)))]),
  );
}

function answer(random: Random, { require, optional }: Offers): Members {
  const supported = Object.entries({ ...require, ...optional })
    .filter(() => !random.once(20))
    .map(([name, { versions }]) => {
      const version = random.once(25) ? random.below(4) : Math.max(...versions);
      const params = { ...(well[name]?.[version] ?? well[name]?.[1]), version };
      return [name, { params: random.once(6) ? { ...params, [random.pick(extras)]: random.pick(junk) } : params }];
    });
  const missing = random.once(20) ? [random.pick(names)] : [];
  return { supported: Object.fromEntries(supported) as Members, missing_required: missing };
}

/** Most often as it is; else with one value, anywhere in it, that is another or gone. */
function spoilt(random: Random, value: Members): Members {
  if (!random.once(2)) return value;
  const members = Object.entries(value);
  const [chosen = ""] = members[random.below(members.length)] ?? [];
  const inner = value[chosen];
  if (
    typeof inner === "object" &&
    inner !== null &&
    !Array.isArray(inner) &&
    Object.keys(inner).length > 0 &&
    !random.once(8)
  )
    return { ...value, [chosen]: spoilt(random, inner as Members) };
  if (random.once(4)) return Object.fromEntries(members.filter(([name]) => name !== chosen));
  return { ...value, [chosen]: random.pick(junk) };
}
