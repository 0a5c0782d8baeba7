"""Feature negotiation, written from the rules of the wire and without the product's code: a broker's answer to what a daemon
offers, and a daemon's judgement of that answer.
"""

FEATURES_MAX = 64
MEMBERS_MAX = 64
TEXT_MAX = 256
LIST_MAX = 64
DEPTH_MAX = 16
DEDUPE = "client_message_id_dedupe"
FINGERPRINTS = ("sha256-jcs-v1", "sha256-jcs-v2")
POLICIES = ("prefer_newest", "prefer_oldest", "allow_concurrent")


def _integer(value, least):
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _window(params):
    mode = params.get("mode")
    if mode == "permanent":
        return True
    return mode == "retention_scoped" and _integer(params.get("dedupe_retention_days"), 1)


def _names(value):
    """A list of names, of which one at least is known here: a newer broker may list more."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return False
    return any(name in FINGERPRINTS for name in value)


WINDOW_OPTIONS = {"tombstone_history_pruned_window_days": lambda value: _integer(value, 1)}
# Feature and version: whether its required parameters are well, and what each optional one may be.
SCHEMAS = {
    (DEDUPE, 1): (lambda p: _window(p) and p.get("request_fingerprint") is True, WINDOW_OPTIONS),
    (DEDUPE, 2): (lambda p: _window(p) and _names(p.get("fingerprint_versions")), WINDOW_OPTIONS),
    ("concurrent_connection_policy", 1): (
        lambda p: True,
        {"default_policy": lambda value: isinstance(value, str) and value in POLICIES},
    ),
    ("member_keypair_rotated_event", 1): (lambda p: True, {}),
    ("key_epoch", 1): (lambda p: _integer(p.get("max_concurrent_epochs"), 1), {}),
    ("max_payload", 1): (lambda p: _integer(p.get("inline_bytes"), 1024) and _integer(p.get("blob_bytes"), 1024), {}),
}


def answer(own, asked):
    """Per feature the highest version that both know, with the broker's parameters of it."""
    supported, missing = {}, []
    for name, offer in [*asked["require"].items(), *asked["optional"].items()]:
        both = [int(version) for version in own.get(name, {}) if int(version) in offer["versions"]]
        if both:
            supported[name] = {"params": {**own[name][str(max(both))], "version": max(both)}}
        elif name in asked["require"]:
            missing.append(name)
    return {"supported": supported, "missing_required": missing}


def judge(offers, floor_days, features):
    required = list(offers["require"])
    whole = _whole(features)
    if whole is None:
        return {"ok": False, "kind": "feature_param_invalid", "feature": required[0] if required else ""}
    supported, missing = whole
    versions, ignored = {}, []
    for name, offer in [*offers["require"].items(), *offers["optional"].items()]:
        if name not in supported or (name in required and name in missing):
            if name in required:
                return {"ok": False, "kind": "feature_unavailable", "feature": name}
            continue
        kind, version, without = _feature(name, offer, floor_days, supported[name])
        if kind is not None and name in required:
            return {"ok": False, "kind": kind, "feature": name}
        if kind is not None:
            ignored.append(name)
            continue
        versions[name] = version
        ignored += [f"{name}.{parameter}" for parameter in without]
    return {"ok": True, "versions": versions, "ignored": ignored}


def _whole(features):
    """What is supported and what is missing; None: it is no answer."""
    if not isinstance(features, dict) or not isinstance(features.get("supported"), dict):
        return None
    missing = features.get("missing_required")
    if not isinstance(missing, list) or not all(isinstance(name, str) for name in missing):
        return None
    if len(features["supported"]) > FEATURES_MAX or not _within_bounds(missing):
        return None
    return features["supported"], missing


def _feature(name, offer, floor_days, told):
    """A failure's kind or None, the version, and the optional parameters that are not taken."""
    params = told.get("params") if isinstance(told, dict) else None
    version = params.get("version") if isinstance(params, dict) else None
    well, options = SCHEMAS.get((name, version), (None, {})) if _integer(version, 1) else (None, {})
    if version not in offer["versions"] or well is None or not _within_bounds(params) or not well(params):
        return "feature_param_invalid", None, []
    # Rows that were sent in a version without an answer cannot be sealed anew: the broker has to take it.
    taken = params["fingerprint_versions"] if (name, version) == (DEDUPE, 2) else FINGERPRINTS[:1]
    if name == DEDUPE and not all(held in taken for held in offer.get("holds", [])):
        return "feature_param_invalid", None, []
    if name == DEDUPE and params["mode"] == "retention_scoped" and params["dedupe_retention_days"] < floor_days:
        return "feature_param_below_floor", None, []
    return None, version, [option for option, is_well in options.items() if option in params and not is_well(params[option])]


def _within_bounds(value, depth=1):
    if isinstance(value, str):
        return len(value.encode("utf-16-le", "surrogatepass")) <= 2 * TEXT_MAX
    if not isinstance(value, (list, dict)):
        return True
    items = list(value.values()) if isinstance(value, dict) else value
    names = list(value) if isinstance(value, dict) else []
    most = MEMBERS_MAX if isinstance(value, dict) else LIST_MAX
    return depth <= DEPTH_MAX and len(items) <= most and all(_within_bounds(item, depth + 1) for item in names + items)
