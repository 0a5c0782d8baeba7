/** Answers to the features, each judged by a daemon that knows some versions of the dedupe feature. Both sides' tests go by this one table. */
export interface NegotiationCase {
  readonly what: string;
  /** Versions of client_message_id_dedupe that the daemon knows. */
  readonly daemon: readonly number[];
  /** hello_ack.features. */
  readonly answer: unknown;
  /** "ok", the version and what is ignored; or kind and feature of the failure. */
  readonly verdict: string;
}

const dedupe = "client_message_id_dedupe";
export const windowV1 = {
  version: 1,
  mode: "retention_scoped",
  dedupe_retention_days: 365,
  request_fingerprint: true,
} as const;
export const windowV2 = {
  version: 2,
  mode: "retention_scoped",
  dedupe_retention_days: 365,
  fingerprint_versions: ["sha256-jcs-v2", "sha256-jcs-v1"],
} as const;
const policy = { concurrent_connection_policy: { params: { version: 1 } } };

/** An answer with these parameters of the dedupe feature, and more features beside it. */
export function answerWith(params: unknown, beside: Readonly<Record<string, unknown>> = policy): unknown {
  return { supported: { [dedupe]: { params }, ...beside }, missing_required: [] };
}

const both = [1, 2];
const [ok1, ok2] = ["ok 1", "ok 2"];
const absent = `feature_unavailable ${dedupe}`;
const invalid = `feature_param_invalid ${dedupe}`;
const below = `feature_param_below_floor ${dedupe}`;
const maxPayload = { version: 1, inline_bytes: 65_536, blob_bytes: 65_536 };
const many = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`extra_${index}`, index]));
const deep = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

type Row = readonly [what: string, daemon: readonly number[], answer: unknown, verdict: string];

const rows: readonly Row[] = [
  ["daemon 1, broker 1", [1], answerWith(windowV1), ok1],
  ["daemon 1, broker 2 answers a version that was not asked for", [1], answerWith(windowV2), invalid],
  ["daemon 2, broker 1 likewise", [2], answerWith(windowV1), invalid],
  ["daemon 2, broker 2", [2], answerWith(windowV2), ok2],
  ["daemon 1 and 2, broker 1", both, answerWith(windowV1), ok1],
  ["daemon 1 and 2, broker 2", both, answerWith(windowV2), ok2],

  ["nothing at all", both, undefined, invalid],
  ["null", both, null, invalid],
  ["a list", both, [], invalid],
  ["an empty object", both, {}, invalid],
  ["supported is a list", both, { supported: [], missing_required: [] }, invalid],
  ["no list of what is missing", both, { supported: {} }, invalid],
  ["what is missing is no list of names", both, { supported: {}, missing_required: [1] }, invalid],
  ["what is missing is endless", both, { supported: {}, missing_required: Array(65).fill("a") }, invalid],
  ["too many features", both, answerWith(windowV2, { ...policy, ...many(63) }), invalid],
  ["as many features as may be", both, answerWith(windowV2, { ...policy, ...many(62) }), ok2],

  ["absent", both, { supported: policy, missing_required: [] }, absent],
  ["named as missing", both, { supported: {}, missing_required: [dedupe] }, absent],
  ["answered and named as missing", both, { ...(answerWith(windowV2) as object), missing_required: [dedupe] }, absent],
  [
    "the second required one absent",
    both,
    answerWith(windowV2, {}),
    "feature_unavailable concurrent_connection_policy",
  ],
  [
    "an optional one named as missing",
    both,
    { ...(answerWith(windowV2) as object), missing_required: ["max_payload"] },
    ok2,
  ],

  ["the answer is a text", both, { supported: { [dedupe]: "yes", ...policy }, missing_required: [] }, invalid],
  ["no parameters", both, { supported: { [dedupe]: {}, ...policy }, missing_required: [] }, invalid],
  ["parameters are a list", both, answerWith([]), invalid],
  ["parameters are null", both, answerWith(null), invalid],

  ["no version", both, answerWith({ ...windowV2, version: undefined }), invalid],
  ["an unknown version", both, answerWith({ ...windowV2, version: 3 }), invalid],
  ["version 0", both, answerWith({ ...windowV2, version: 0 }), invalid],
  ["version as text", both, answerWith({ ...windowV2, version: "2" }), invalid],
  ["version and a half", both, answerWith({ ...windowV2, version: 1.5 }), invalid],
  ["versions in a list", both, answerWith({ ...windowV2, version: [2] }), invalid],
  ["version true", both, answerWith({ ...windowV1, version: true }), invalid],

  ["no mode", both, answerWith({ ...windowV2, mode: undefined }), invalid],
  ["an unknown mode", both, answerWith({ ...windowV2, mode: "for_ever" }), invalid],
  ["mode as a list", both, answerWith({ ...windowV2, mode: ["permanent"] }), invalid],
  [
    "permanent, without days",
    both,
    answerWith({ ...windowV2, mode: "permanent", dedupe_retention_days: undefined }),
    ok2,
  ],
  [
    "permanent, whatever days say",
    both,
    answerWith({ ...windowV1, mode: "permanent", dedupe_retention_days: "two" }),
    ok1,
  ],
  ["days missing", both, answerWith({ ...windowV2, dedupe_retention_days: undefined }), invalid],
  ["no day", both, answerWith({ ...windowV2, dedupe_retention_days: 0 }), invalid],
  ["fewer than no days", both, answerWith({ ...windowV2, dedupe_retention_days: -3 }), invalid],
  ["half days", both, answerWith({ ...windowV2, dedupe_retention_days: 3.5 }), invalid],
  ["days as text", both, answerWith({ ...windowV2, dedupe_retention_days: "365" }), invalid],
  ["days null", both, answerWith({ ...windowV2, dedupe_retention_days: null }), invalid],
  ["more days than can be counted", both, answerWith({ ...windowV2, dedupe_retention_days: 2 ** 53 }), invalid],
  ["as many days as can be counted", both, answerWith({ ...windowV2, dedupe_retention_days: 2 ** 53 - 1 }), ok2],
  ["more days than years of men", both, answerWith({ ...windowV2, dedupe_retention_days: 36_501 }), ok2],

  ["three days, the floor", both, answerWith({ ...windowV2, dedupe_retention_days: 3 }), ok2],
  ["two days", both, answerWith({ ...windowV2, dedupe_retention_days: 2 }), below],
  ["one day, by version 1", both, answerWith({ ...windowV1, dedupe_retention_days: 1 }), below],
  [
    "two days and no fingerprints: the schema is first",
    both,
    answerWith({ ...windowV2, dedupe_retention_days: 2, fingerprint_versions: [] }),
    invalid,
  ],

  ["version 1 without fingerprints", both, answerWith({ ...windowV1, request_fingerprint: false }), invalid],
  ["version 1 with a word for true", both, answerWith({ ...windowV1, request_fingerprint: "true" }), invalid],
  ["version 1 that does not say", both, answerWith({ ...windowV1, request_fingerprint: undefined }), invalid],
  ["fingerprints missing", both, answerWith({ ...windowV2, fingerprint_versions: undefined }), invalid],
  ["no fingerprint at all", both, answerWith({ ...windowV2, fingerprint_versions: [] }), invalid],
  ["one fingerprint, as text", both, answerWith({ ...windowV2, fingerprint_versions: "sha256-jcs-v2" }), invalid],
  [
    "a fingerprint that is no text",
    both,
    answerWith({ ...windowV2, fingerprint_versions: ["sha256-jcs-v2", 1] }),
    invalid,
  ],
  [
    "only fingerprints that are not known here",
    both,
    answerWith({ ...windowV2, fingerprint_versions: ["sha256-jcs-v9"] }),
    invalid,
  ],
  [
    "a further fingerprint that is not known here",
    both,
    answerWith({ ...windowV2, fingerprint_versions: ["sha256-jcs-v9", "sha256-jcs-v1"] }),
    ok2,
  ],
  [
    "too many fingerprints",
    both,
    answerWith({ ...windowV2, fingerprint_versions: Array(65).fill("sha256-jcs-v2") }),
    invalid,
  ],

  ["an optional parameter", both, answerWith({ ...windowV2, tombstone_history_pruned_window_days: 5 }), ok2],
  [
    "an optional parameter that is junk",
    both,
    answerWith({ ...windowV2, tombstone_history_pruned_window_days: 0 }),
    `${ok2} ignores ${dedupe}.tombstone_history_pruned_window_days`,
  ],
  [
    "the same of version 1",
    both,
    answerWith({ ...windowV1, tombstone_history_pruned_window_days: null }),
    `${ok1} ignores ${dedupe}.tombstone_history_pruned_window_days`,
  ],
  [
    "a policy",
    both,
    answerWith(windowV2, {
      concurrent_connection_policy: { params: { version: 1, default_policy: "allow_concurrent" } },
    }),
    ok2,
  ],
  [
    "a policy that is junk",
    both,
    answerWith(windowV2, { concurrent_connection_policy: { params: { version: 1, default_policy: "prefer_me" } } }),
    `${ok2} ignores concurrent_connection_policy.default_policy`,
  ],
  [
    "an optional feature that is junk",
    both,
    answerWith(windowV2, { ...policy, max_payload: "big" }),
    `${ok2} ignores max_payload`,
  ],
  [
    "an optional feature outside of its schema",
    both,
    answerWith(windowV2, { ...policy, max_payload: { params: { ...maxPayload, inline_bytes: 1_023 } } }),
    `${ok2} ignores max_payload`,
  ],
  [
    "an optional feature of an unknown version",
    both,
    answerWith(windowV2, { ...policy, key_epoch: { params: { version: 2, max_concurrent_epochs: 16 } } }),
    `${ok2} ignores key_epoch`,
  ],
  [
    "an optional feature as it should be",
    both,
    answerWith(windowV2, { ...policy, max_payload: { params: maxPayload } }),
    ok2,
  ],
  [
    "several kinds of junk, in the order of the offer",
    both,
    answerWith({ ...windowV2, tombstone_history_pruned_window_days: "x" }, { ...policy, max_payload: 1, key_epoch: 1 }),
    `${ok2} ignores ${dedupe}.tombstone_history_pruned_window_days,key_epoch,max_payload`,
  ],
  ["a feature that was not asked for", both, answerWith(windowV2, { ...policy, time_travel: deep(40) }), ok2],

  ["extra parameters", both, answerWith({ ...windowV2, new_one: { a: ["b"] } }), ok2],
  ["too many parameters", both, answerWith({ ...windowV2, ...many(61) }), invalid],
  ["as many parameters as may be", both, answerWith({ ...windowV2, ...many(60) }), ok2],
  ["an endless text", both, answerWith({ ...windowV2, extra: "x".repeat(257) }), invalid],
  ["a long text", both, answerWith({ ...windowV2, extra: "x".repeat(256) }), ok2],
  ["an endless list", both, answerWith({ ...windowV2, extra: Array(65).fill(1) }), invalid],
  ["an endless text deep inside", both, answerWith({ ...windowV2, extra: [{ a: "x".repeat(257) }] }), invalid],
  ["as deep as may be", both, answerWith({ ...windowV2, extra: deep(15) }), ok2],
  ["deeper", both, answerWith({ ...windowV2, extra: deep(16) }), invalid],
  [
    "an optional feature that is endless",
    both,
    answerWith(windowV2, { ...policy, max_payload: { params: { ...maxPayload, ...many(62) } } }),
    `${ok2} ignores max_payload`,
  ],
];

/** As it comes over the wire: only then `__proto__` is a name like others. */
const parsed: readonly Row[] = [
  [
    "inherited: a required feature",
    `{"supported":{"__proto__":{"${dedupe}":{"params":${JSON.stringify(windowV2)}}}},"missing_required":[]}`,
    absent,
  ],
  [
    "inherited: parameters",
    `{"supported":{"${dedupe}":{"__proto__":{"params":${JSON.stringify(windowV2)}}}},"missing_required":[]}`,
    invalid,
  ],
  [
    "inherited: one parameter",
    `{"supported":{"${dedupe}":{"params":{"__proto__":{"mode":"permanent"},"version":2,"fingerprint_versions":["sha256-jcs-v2"]}}},"missing_required":[]}`,
    invalid,
  ],
  ["inherited: the whole answer", '{"__proto__":{"supported":{},"missing_required":[]}}', invalid],
  [
    "a parameter named __proto__",
    `{"supported":{"${dedupe}":{"params":{"__proto__":1,${JSON.stringify(windowV2).slice(1)}},"concurrent_connection_policy":{"params":{"version":1}}},"missing_required":[]}`,
    ok2,
  ],
].map(([what = "", text = "", verdict = ""]): Row => [what, both, JSON.parse(text), verdict]);

export const negotiationCases: readonly NegotiationCase[] = [...rows, ...parsed].map(
  ([what, daemon, answer, verdict]) => ({ what, daemon, answer, verdict }),
);
