"""Outcomes of feature negotiation over the matrix of versions and parameters. Each case states its verdict by hand."""

import negotiation

DEDUPE = negotiation.DEDUPE
POLICY = "concurrent_connection_policy"
ROTATED = "member_keypair_rotated_event"
EPOCH = "key_epoch"
PAYLOAD = "max_payload"
V1, V2 = negotiation.FINGERPRINTS
JUNK = [None, True, 0, -1, 1.5, "3", "", [], [3], {}]


def params(version, /, **given):
    return {"params": {"version": version, **given}}


def dedupe_1(**given):
    return params(1, **{"mode": "retention_scoped", "dedupe_retention_days": 30, "request_fingerprint": True, **given})


def dedupe_2(**given):
    return params(2, **{"mode": "retention_scoped", "dedupe_retention_days": 30, "fingerprint_versions": [V2, V1], **given})


def less(told, name):
    return {"params": {key: value for key, value in told["params"].items() if key != name}}


def offers(*required, optional=()):
    """Names, each with its versions after a colon; without them: the one version that there is."""
    return {"require": _offers(required), "optional": _offers(optional)}


def _offers(names):
    parts = [name.partition(":") for name in names]
    return {name: {"versions": [int(digit) for digit in versions or "1"]} for name, _, versions in parts}


def told(missing=(), **supported):
    return {"supported": supported, "missing_required": list(missing)}


def good(ignored=(), **versions):
    return {"ok": True, "versions": versions, "ignored": list(ignored)}


def bad(kind, feature=DEDUPE):
    return {"ok": False, "kind": "feature_" + kind, "feature": feature}


GOOD_POLICY = params(1, default_policy="prefer_newest")
BOTH = offers(DEDUPE + ":12", POLICY)


def of_dedupe(answer, **more):
    return told(**{DEDUPE: answer, POLICY: GOOD_POLICY}, **more)


# What a broker may say of client_message_id_dedupe: name, answer, the version it names, what is wrong where that was offered.
DEDUPE_ANSWERS = [
    ("version 1", dedupe_1(), 1, None),
    ("version 2", dedupe_2(), 2, None),
    ("version 1, permanent", less(dedupe_1(mode="permanent"), "dedupe_retention_days"), 1, None),
    ("version 2, permanent", less(dedupe_2(mode="permanent"), "dedupe_retention_days"), 2, None),
    ("version 1 without mode", less(dedupe_1(), "mode"), 1, "param_invalid"),
    ("version 2 without mode", less(dedupe_2(), "mode"), 2, "param_invalid"),
    ("version 1 without days", less(dedupe_1(), "dedupe_retention_days"), 1, "param_invalid"),
    ("version 2 without days", less(dedupe_2(), "dedupe_retention_days"), 2, "param_invalid"),
    ("version 1 without request_fingerprint", less(dedupe_1(), "request_fingerprint"), 1, "param_invalid"),
    ("version 2 without fingerprint_versions", less(dedupe_2(), "fingerprint_versions"), 2, "param_invalid"),
    ("version 1 with version 2's parameters", params(1, **less(dedupe_2(), "version")["params"]), 1, "param_invalid"),
    ("version 2 with version 1's parameters", params(2, **less(dedupe_1(), "version")["params"]), 2, "param_invalid"),
    ("version 1 of 2 days", dedupe_1(dedupe_retention_days=2), 1, "param_below_floor"),
    ("version 2 of 2 days", dedupe_2(dedupe_retention_days=2), 2, "param_below_floor"),
    ("version 1 of 3 days", dedupe_1(dedupe_retention_days=3), 1, None),
    ("version 2 of 3 days", dedupe_2(dedupe_retention_days=3), 2, None),
    ("version 3", params(3, **less(dedupe_2(), "version")["params"]), 3, None),
]


def dedupe_matrix():
    for versions in ("1", "2", "12", "21"):
        asked = offers(DEDUPE + ":" + versions, POLICY)
        for name, answer, version, wrong in DEDUPE_ANSWERS:
            wrong = wrong if str(version) in versions else "param_invalid"
            verdict = good(**{DEDUPE: version, POLICY: 1}) if wrong is None else bad(wrong)
            yield f"daemon {', '.join(versions)}; broker {name}", asked, of_dedupe(answer), verdict
    asked = offers(POLICY, optional=[DEDUPE + ":12"])
    for name, answer, version, wrong in DEDUPE_ANSWERS:
        wrong = wrong if version < 3 else "param_invalid"
        verdict = good(**{POLICY: 1}, ignored=[DEDUPE]) if wrong else good(**{POLICY: 1, DEDUPE: version})
        yield f"optional; broker {name}", asked, of_dedupe(answer), verdict


def bad_values():
    """Each required parameter with every kind of junk, in a required and in an optional feature."""
    for value in [junk for junk in JUNK if junk is not True]:
        yield f"request_fingerprint {value!r}", BOTH, of_dedupe(dedupe_1(request_fingerprint=value)), bad("param_invalid")
    for value in JUNK:
        yield f"dedupe_retention_days {value!r}", BOTH, of_dedupe(dedupe_2(dedupe_retention_days=value)), bad("param_invalid")
        yield f"mode {value!r}", BOTH, of_dedupe(dedupe_2(mode=value)), bad("param_invalid")
        yield f"version {value!r}", BOTH, of_dedupe(dedupe_2(version=value)), bad("param_invalid")
        yield f"fingerprint_versions {value!r}", BOTH, of_dedupe(dedupe_2(fingerprint_versions=value)), bad("param_invalid")
        few = offers(DEDUPE + ":12", EPOCH, optional=[PAYLOAD])
        epoch = told(**{DEDUPE: dedupe_2(), EPOCH: params(1, max_concurrent_epochs=value)})
        yield f"required max_concurrent_epochs {value!r}", few, epoch, bad("param_invalid", EPOCH)
        for name in ("inline_bytes", "blob_bytes"):
            payload = params(1, **{"inline_bytes": 65536, "blob_bytes": 65536, name: value})
            answer = told(**{DEDUPE: dedupe_2(), EPOCH: params(1, max_concurrent_epochs=1), PAYLOAD: payload})
            yield f"optional {name} {value!r}", few, answer, good(**{DEDUPE: 2, EPOCH: 1}, ignored=[PAYLOAD])
        options = of_dedupe(dedupe_2(tombstone_history_pruned_window_days=value))
        yield f"tombstone_history_pruned_window_days {value!r}", BOTH, options, good(
            **{DEDUPE: 2, POLICY: 1}, ignored=[DEDUPE + ".tombstone_history_pruned_window_days"])
        policy = told(**{DEDUPE: dedupe_2(), POLICY: params(1, default_policy=value)})
        yield f"default_policy {value!r}", BOTH, policy, good(**{DEDUPE: 2, POLICY: 1}, ignored=[POLICY + ".default_policy"])


def whole_answers():
    """An answer that is none fails the first required feature."""
    for value in [None, True, 5, "features", [], [{}], {}]:
        yield f"features {value!r}", BOTH, value, bad("param_invalid")
    well = of_dedupe(dedupe_2())
    for value in [None, True, 5, "x", [], [{}]]:
        yield f"supported {value!r}", BOTH, {**well, "supported": value}, bad("param_invalid")
    for value in [None, True, 5, "x", {}, [1], [None], [["x"]], ["x", 1]]:
        yield f"missing_required {value!r}", BOTH, {**well, "missing_required": value}, bad("param_invalid")
    yield "no missing_required", BOTH, {"supported": well["supported"]}, bad("param_invalid")
    yield "no supported", BOTH, {"missing_required": []}, bad("param_invalid")
    turned = offers(POLICY, DEDUPE + ":12")
    yield "an answer that is none fails the first one in the offer's order", turned, None, bad("param_invalid", POLICY)
    for value in [None, True, 5, "x", []]:
        yield f"what is told of a feature {value!r}", BOTH, of_dedupe(value), bad("param_invalid")
        yield f"params {value!r}", BOTH, of_dedupe({"params": value}), bad("param_invalid")
    yield "no params", BOTH, of_dedupe({}), bad("param_invalid")
    yield "no version", BOTH, of_dedupe(less(dedupe_2(), "version")), bad("param_invalid")
    yield "parameters beside params do not count", BOTH, of_dedupe(dedupe_2()["params"]), bad("param_invalid")


def availability():
    few = offers(DEDUPE + ":12", POLICY, optional=[EPOCH, ROTATED])
    well = of_dedupe(dedupe_2())
    both = {DEDUPE: 2, POLICY: 1}
    yield "nothing is supported", few, told(), bad("unavailable")
    yield "the first required feature is absent", few, told(**{POLICY: GOOD_POLICY}), bad("unavailable")
    yield "the second required feature is absent", few, told(**{DEDUPE: dedupe_1()}), bad("unavailable", POLICY)
    yield "a required feature is absent and named as missing", few, told([POLICY], **{DEDUPE: dedupe_1()}), bad("unavailable", POLICY)
    yield "a required feature is there and named as missing", few, {**well, "missing_required": [POLICY]}, bad("unavailable", POLICY)
    yield "both are named as missing", few, told([POLICY, DEDUPE]), bad("unavailable")
    yield "a feature that was not asked for is named as missing", few, {**well, "missing_required": ["other"]}, good(**both)
    yield "an optional feature that is there is named as missing", few, told(
        [ROTATED], **well["supported"], **{ROTATED: params(1)}), good(**both, **{ROTATED: 1})
    yield "optional features are absent", few, well, good(**both)
    yield "an optional feature is there", few, of_dedupe(dedupe_2(), **{EPOCH: params(1, max_concurrent_epochs=4)}), good(**both, **{EPOCH: 1})
    yield "an optional feature in a version that was not offered", few, of_dedupe(dedupe_2(), **{ROTATED: params(2)}), good(**both, ignored=[ROTATED])
    yield "two optional features are invalid, told in the offer's order", few, of_dedupe(
        dedupe_2(), **{ROTATED: None, EPOCH: params(1)}), good(**both, ignored=[EPOCH, ROTATED])
    yield "a feature that was not asked for is there", few, of_dedupe(dedupe_2(), other=params(9, x=1)), good(**both)
    yield "a feature that was not asked for is junk", few, of_dedupe(dedupe_2(), other=7), good(**both)
    yield "unknown parameters pass", few, of_dedupe(dedupe_2(other={"a": [1, {"b": None}]}, x="y")), good(**both)
    yield "no parameters where none are required", few, told(**{DEDUPE: dedupe_2(), POLICY: params(1)}), good(**both)
    yield "a feature that is required by configuration is absent", offers(DEDUPE + ":12", POLICY, "other"), well, bad("unavailable", "other")
    yield "an optional feature that is required by configuration is invalid", offers(DEDUPE + ":12", POLICY, EPOCH), of_dedupe(
        dedupe_2(), **{EPOCH: params(1)}), bad("param_invalid", EPOCH)
    for name in ("__proto__", "constructor", "toString", "hasOwnProperty"):
        yield f"features below {name} are not supported", few, {"supported": {name: well["supported"]}, "missing_required": []}, bad("unavailable")
    yield "parameters below __proto__ are none", few, of_dedupe({"params": {"__proto__": dedupe_2()["params"]}}), bad("param_invalid")
    yield "params below __proto__ are none", few, of_dedupe({"__proto__": dedupe_2()}), bad("param_invalid")
    yield "an answer below __proto__ is none", few, {"__proto__": well}, bad("param_invalid")
    yield "__proto__ beside the features changes nothing", few, told(**{**well["supported"], "__proto__": {EPOCH: 5}}), good(**both)
    yield "a parameter __proto__ passes", few, of_dedupe(dedupe_2(__proto__={"mode": "x"})), good(**both)


def order_and_floor():
    first_policy = offers(POLICY, DEDUPE + ":12", optional=[EPOCH])
    yield "the first failure in the offer's order ends it: absent before invalid", first_policy, told(**{DEDUPE: None}), bad("unavailable", POLICY)
    yield "the first failure in the offer's order ends it: invalid before absent", first_policy, told(
        **{POLICY: params(2)}), bad("param_invalid", POLICY)
    yield "the answer's order does not count", first_policy, told(**{DEDUPE: None, POLICY: params(2)}), bad("param_invalid", POLICY)
    yield "a required feature fails before an optional one is looked at", offers(EPOCH, optional=[ROTATED]), told(
        **{ROTATED: 5, EPOCH: params(1)}), bad("param_invalid", EPOCH)
    yield "the schema comes before the floor", BOTH, of_dedupe(
        less(dedupe_2(dedupe_retention_days=1), "fingerprint_versions")), bad("param_invalid")
    yield "the floor comes before a later feature", BOTH, told(**{DEDUPE: dedupe_2(dedupe_retention_days=1)}), bad("param_below_floor")
    yield "the floor counts, though an optional parameter is invalid too", BOTH, of_dedupe(
        dedupe_1(dedupe_retention_days=1, tombstone_history_pruned_window_days="x")), bad("param_below_floor")
    yield "permanent does not look at days", BOTH, of_dedupe(dedupe_2(mode="permanent", dedupe_retention_days="x")), good(**{DEDUPE: 2, POLICY: 1})
    yield "permanent has no floor", BOTH, of_dedupe(dedupe_1(mode="permanent", dedupe_retention_days=1)), good(**{DEDUPE: 1, POLICY: 1})
    yield "days without bound above", BOTH, of_dedupe(dedupe_2(dedupe_retention_days=1000000)), good(**{DEDUPE: 2, POLICY: 1})
    yield "a mode in capitals", BOTH, of_dedupe(dedupe_2(mode="PERMANENT")), bad("param_invalid")
    yield "an unknown mode", BOTH, of_dedupe(dedupe_2(mode="forever")), bad("param_invalid")
    yield "one fingerprint version", BOTH, of_dedupe(dedupe_2(fingerprint_versions=[V1])), good(**{DEDUPE: 2, POLICY: 1})
    yield "a fingerprint version that is newer, and a known one", BOTH, of_dedupe(
        dedupe_2(fingerprint_versions=["sha256-jcs-v3", V2])), good(**{DEDUPE: 2, POLICY: 1})
    yield "only a fingerprint version that is newer", BOTH, of_dedupe(dedupe_2(fingerprint_versions=["sha256-jcs-v3"])), bad("param_invalid")
    yield "a fingerprint version that is no text", BOTH, of_dedupe(dedupe_2(fingerprint_versions=[V2, 5])), bad("param_invalid")
    yield "a pruned window of one day", BOTH, of_dedupe(dedupe_2(tombstone_history_pruned_window_days=1)), good(**{DEDUPE: 2, POLICY: 1})
    for policy in negotiation.POLICIES:
        yield f"default_policy {policy}", BOTH, told(**{DEDUPE: dedupe_2(), POLICY: params(1, default_policy=policy)}), good(**{DEDUPE: 2, POLICY: 1})
    yield "two optional parameters are invalid", BOTH, told(**{
        DEDUPE: dedupe_2(tombstone_history_pruned_window_days=0), POLICY: params(1, default_policy="x")}), good(
        **{DEDUPE: 2, POLICY: 1}, ignored=[DEDUPE + ".tombstone_history_pruned_window_days", POLICY + ".default_policy"])
    yield "an optional parameter of an optional feature is invalid", offers(DEDUPE + ":12", optional=[POLICY]), told(**{
        DEDUPE: dedupe_2(), POLICY: params(1, default_policy="x")}), good(**{DEDUPE: 2, POLICY: 1}, ignored=[POLICY + ".default_policy"])


def bounds():
    junk = {f"f{n}": 1 for n in range(62)}
    yield "64 features", BOTH, of_dedupe(dedupe_2(), **junk), good(**{DEDUPE: 2, POLICY: 1})
    yield "65 features", BOTH, of_dedupe(dedupe_2(), **junk, more=1), bad("param_invalid")
    yield "65 names of missing features", BOTH, {**of_dedupe(dedupe_2()), "missing_required": ["x"] * 65}, bad("param_invalid")
    room = {f"p{n}": n for n in range(60)}
    yield "64 parameters", BOTH, of_dedupe(dedupe_2(**room)), good(**{DEDUPE: 2, POLICY: 1})
    yield "65 parameters", BOTH, of_dedupe(dedupe_2(**room, more=1)), bad("param_invalid")
    yield "a text of 256 characters", BOTH, of_dedupe(dedupe_2(note="x" * 256)), good(**{DEDUPE: 2, POLICY: 1})
    yield "a text of 257 characters", BOTH, of_dedupe(dedupe_2(note="x" * 257)), bad("param_invalid")
    yield "a list of 64 items", BOTH, of_dedupe(dedupe_2(fingerprint_versions=[V2] * 64)), good(**{DEDUPE: 2, POLICY: 1})
    yield "a list of 65 items", BOTH, of_dedupe(dedupe_2(fingerprint_versions=[V2] * 65)), bad("param_invalid")
    yield "a name of 257 characters", BOTH, of_dedupe(dedupe_2(**{"x" * 257: 1})), bad("param_invalid")
    deep = 1
    for _ in range(15):
        deep = [deep]
    yield "parameters of depth 16", BOTH, of_dedupe(dedupe_2(note=deep)), good(**{DEDUPE: 2, POLICY: 1})
    yield "parameters of depth 17", BOTH, of_dedupe(dedupe_2(note=[deep])), bad("param_invalid")
    yield "a text of 257 characters in an optional feature", offers(DEDUPE + ":12", optional=[ROTATED]), told(
        **{DEDUPE: dedupe_2(), ROTATED: params(1, note="x" * 257)}), good(**{DEDUPE: 2}, ignored=[ROTATED])


def floors():
    for floor, days, verdict in [
        (1, 1, None), (3, 2, "below"), (3, 3, None), (7, 6, "below"), (7, 7, None), (30, 29, "below"), (30, 365, None),
    ]:
        answer = of_dedupe(dedupe_2(dedupe_retention_days=days))
        want = bad("param_below_floor") if verdict else good(**{DEDUPE: 2, POLICY: 1})
        yield f"floor of {floor} days, {days} days", BOTH, answer, want, floor


def holds():
    """A daemon that has rows in a version that it would not choose says so; the broker has to name it."""
    both = good(**{DEDUPE: 2, POLICY: 1})
    for held, versions, verdict in [
        ([V1], [V2, V1], both), ([V1], [V1], both), ([V2, V1], [V2, V1], both), ([V2], [V1, V2], both),
        ([V1], [V2], bad("param_invalid")), ([V2], [V1], bad("param_invalid")), ([V1, V2], [V1], bad("param_invalid")), ([], [V2], both),
    ]:
        asked = {"require": {**BOTH["require"], DEDUPE: {"versions": [1, 2], "holds": held}}, "optional": {}}
        yield f"holds {', '.join(held) or 'nothing'}; the broker takes {', '.join(versions)}", asked, of_dedupe(
            dedupe_2(fingerprint_versions=versions)), verdict
    for held, verdict in [([V1], good(**{DEDUPE: 1, POLICY: 1})), ([V2], bad("param_invalid"))]:
        asked = {"require": {**BOTH["require"], DEDUPE: {"versions": [1, 2], "holds": held}}, "optional": {}}
        yield f"holds {held[0]}; the broker answers version 1", asked, of_dedupe(dedupe_1()), verdict
        yield f"holds {held[0]}; the broker answers version 1 below the floor", asked, of_dedupe(
            dedupe_1(dedupe_retention_days=1)), bad("param_below_floor") if verdict["ok"] else verdict


OWN = {
    DEDUPE: {"1": less(dedupe_1(), "version")["params"], "2": less(dedupe_2(), "version")["params"]},
    POLICY: {"1": {"default_policy": "prefer_newest"}},
    PAYLOAD: {"1": {"inline_bytes": 65536, "blob_bytes": 1048576}},
}
ONLY_1 = {**OWN, DEDUPE: {"1": OWN[DEDUPE]["1"]}}
ONLY_2 = {**OWN, DEDUPE: {"2": OWN[DEDUPE]["2"]}}
NEWER = {**OWN, DEDUPE: {**OWN[DEDUPE], "10": {"x": 1}}, "other": {"1": {}}}

ANSWERS = [
    ("both know both: the higher one", OWN, offers(DEDUPE + ":12", POLICY), of_dedupe(dedupe_2())),
    ("the order of the offered versions does not count", OWN, offers(DEDUPE + ":21", POLICY), of_dedupe(dedupe_2())),
    ("daemon 1, broker 1 and 2", OWN, offers(DEDUPE + ":1", POLICY), of_dedupe(dedupe_1())),
    ("daemon 2, broker 1 and 2", OWN, offers(DEDUPE + ":2", POLICY), of_dedupe(dedupe_2())),
    ("daemon 1 and 2, broker 1", ONLY_1, offers(DEDUPE + ":12", POLICY), of_dedupe(dedupe_1())),
    ("daemon 1 and 2, broker 2", ONLY_2, offers(DEDUPE + ":12", POLICY), of_dedupe(dedupe_2())),
    ("daemon 1, broker 1", ONLY_1, offers(DEDUPE + ":1", POLICY), of_dedupe(dedupe_1())),
    ("daemon 1, broker 2: none in common", ONLY_2, offers(DEDUPE + ":1", POLICY), told([DEDUPE], **{POLICY: GOOD_POLICY})),
    ("daemon 2, broker 1: none in common", ONLY_1, offers(DEDUPE + ":2", POLICY), told([DEDUPE], **{POLICY: GOOD_POLICY})),
    ("daemon 3, broker 1 and 2: none in common", OWN, offers(DEDUPE + ":3", POLICY), told([DEDUPE], **{POLICY: GOOD_POLICY})),
    ("a daemon that is newer", OWN, offers(DEDUPE + ":1239", POLICY), of_dedupe(dedupe_2())),
    ("a broker that is newer", NEWER, offers(DEDUPE + ":12", POLICY), of_dedupe(dedupe_2())),
    ("versions are numbers: 10 is above 9", NEWER, {"require": {DEDUPE: {"versions": [2, 10]}}, "optional": {}}, told(**{DEDUPE: params(10, x=1)})),
    ("a version twice", OWN, offers(DEDUPE + ":11", POLICY), of_dedupe(dedupe_1())),
    ("nothing is asked for", OWN, offers(), told()),
    ("an optional feature that is there", OWN, offers(optional=[PAYLOAD]), told(**{PAYLOAD: params(1, inline_bytes=65536, blob_bytes=1048576)})),
    ("an optional feature that is not there", OWN, offers(optional=[EPOCH]), told()),
    ("an optional feature without a common version", OWN, offers(optional=[DEDUPE + ":9"]), told()),
    ("a required feature that is not there", OWN, offers(EPOCH, DEDUPE + ":12"), told([EPOCH], **{DEDUPE: dedupe_2()})),
    ("two required features that are not there, in the offer's order", OWN, offers(ROTATED, EPOCH), told([ROTATED, EPOCH])),
    ("names of an object's own are no features", OWN, offers("constructor", "tostring", optional=["valueof"]), told(["constructor", "tostring"])),
    ("a feature without parameters", NEWER, offers("other"), told(other=params(1))),
    ("a broker that has nothing", {}, offers(DEDUPE + ":12", POLICY, optional=[EPOCH]), told([DEDUPE, POLICY])),
]


def vectors():
    tables = [dedupe_matrix, bad_values, whole_answers, availability, order_and_floor, bounds, floors, holds]
    judgements = [judgement(*case) for table in tables for case in table()]
    for cases in (judgements, ANSWERS):
        names = [case["name"] if isinstance(case, dict) else case[0] for case in cases]
        assert len(set(names)) == len(names), f"names that occur twice: {sorted({name for name in names if names.count(name) > 1})}"
    answers = []
    for name, own, asked, want in ANSWERS:
        got = negotiation.answer(own, asked)
        assert got == want, f"{name}: the table says {want}, the implementation {got}"
        answers.append({"name": name, "own": own, "asked": asked, "answer": want})
    return {
        "about": "Feature negotiation. `answers`: what a broker that has `own` answers to `asked`. `judgements`: what a daemon that "
        "offers `offers` says of hello_ack's `ack_features`: the version of each feature and what it takes no notice of, or the "
        "kind of failure and its feature. The order of `offers` counts, that of `ack_features` does not.",
        "answers": answers,
        "judgements": judgements,
    }


def judgement(name, asked, features, want, floor_days=3):
    got = negotiation.judge(asked, floor_days, features)
    assert got == want, f"{name}: the table says {want}, the implementation {got}"
    return {"name": name, "offers": asked, "floor_days": floor_days, "ack_features": features, "verdict": want}
