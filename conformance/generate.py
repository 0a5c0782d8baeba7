#!/usr/bin/env python3
"""Writes the files under conformance/vectors that are ours (see `main`); with --check, says whether they are what it would write.

Python 3.11, standard library only. It shares no code with the product: where the two agree, they agree on the text.
"""

import hashlib
import json
import sys
from pathlib import Path

# No __pycache__ beside the sources.
sys.dont_write_bytecode = True

import canonical_cases
import close_reason_cases
import fingerprint_cases
import membership_cases
import negotiation_cases
import number_cases
import refusal_order_cases
import request_fingerprint
import sealing_cases
import strict_json
import text_cases

VECTORS = Path(__file__).parent / "vectors"
SHOWN_CHARS_MAX = 400


def canonical_vectors():
    accepted = [
        ("value", canonical_cases.ACCEPTED_VALUES + number_cases.ACCEPTED + text_cases.ACCEPTED),
        ("meta", canonical_cases.ACCEPTED_META),
    ]
    refused = [
        ("value", canonical_cases.REFUSED_VALUES + number_cases.REFUSED + text_cases.REFUSED),
        ("value", text_cases.REFUSED_UNITS + refusal_order_cases.REFUSED_VALUES),
        ("meta", canonical_cases.REFUSED_META + refusal_order_cases.REFUSED_META),
    ]
    broken = canonical_cases.REFUSED_BYTES + text_cases.REFUSED_BYTES + refusal_order_cases.REFUSED_BYTES
    cases = [case for form, table in accepted for case in text_vectors(form, table, "canonical")]
    cases += [case for form, table in refused for case in text_vectors(form, table, "error")]
    cases += bytes_vectors(text_cases.ACCEPTED_BYTES, "canonical") + bytes_vectors(broken, "error")
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names), f"names that occur twice: {sorted({name for name in names if names.count(name) > 1})}"
    return {
        "about": "JSON profile and RFC 8785. `as`: value (any JSON value) or meta (object or null). `input_hex` holds the bytes; "
        "`input_units` a text with raw lone surrogates, which has none; `repeat` [opening, n, closing] stands for a long one. "
        "`canonical` is the exact text, `error` the code of the refusal: where several apply, of the first that is met.",
        "cases": cases,
    }


def text_vectors(form, table, kind):
    return [canonical_case(name, form, text, {kind: want}) for name, text, want in table]


def bytes_vectors(table, kind):
    return [canonical_case(name, "value", bytes.fromhex(digits), {kind: want}) for name, digits, want in table]


def canonical_case(name, form, text, want):
    try:
        source = text if isinstance(text, bytes) else text.encode("utf-8")
    except UnicodeEncodeError:
        source = text
    got = outcome(lambda: strict_json.canonical_meta(source) if form == "meta" else strict_json.canonical_value(source))
    assert got == want, f"{name}: the table says {want}, the implementation {got}"
    case = {"name": name, "as": form}
    if isinstance(source, str):
        return {**case, "input_units": source, **want}
    if len(source) > 100000:
        half = len(source) // 2
        assert source == b"[" * half + b"]" * half
        return {**case, "repeat": ["[", half, "]"], **want}
    if len(source) <= SHOWN_CHARS_MAX and want.get("error") != "invalid_utf8":
        # For the reader's eye only: the bytes are what counts.
        case["input"] = source.decode("utf-8")
    return {**case, "input_hex": source.hex(), **want}


def outcome(compute):
    try:
        return {"canonical": compute()}
    except strict_json.Refused as refused:
        return {"error": refused.code}


def fingerprint_vectors():
    cases = [fingerprint_case(name, envelope) for name, envelope in fingerprint_cases.CASES]
    by_name = {case["name"]: case for case in cases}
    assert len(by_name) == len(cases), "a name occurs twice"
    groups = []
    for about, names, same_v1, same_v2 in fingerprint_cases.GROUPS:
        for version, same in (("v1", same_v1), ("v2", same_v2)):
            distinct = len({by_name[name][version] for name in names})
            assert same is None or distinct == (1 if same else len(names)), f"{about}: {version} has {distinct} of {len(names)}"
        groups.append({"about": about, "cases": names, "same_v1": same_v1, "same_v2": same_v2})
    return {
        "about": "Request fingerprints. `envelope` is what the adapters take (../README.md). v1 is sha256-jcs-v1, v2 "
        "sha256-jcs-v2; local is v2 with kind \"request\" and `ref` as the text of `to`. The preimages are the hashed bytes. "
        "`groups` say which cases share a fingerprint and which must not (null: nothing is said); `refused` give no "
        "fingerprint; `malformed` are no envelopes.",
        "cases": cases,
        "groups": groups,
        "refused": [refused_envelope(*case) for case in fingerprint_cases.REFUSED],
        "malformed": [refused_envelope(*case) for case in fingerprint_cases.MALFORMED],
    }


def refused_envelope(name, envelope, want):
    got = outcome(lambda: request_fingerprint.resolve(envelope))
    assert got == {"error": want}, f"{name}: {got}"
    return {"name": name, "envelope": envelope, "error": want}


def fingerprint_case(name, envelope):
    fields = request_fingerprint.resolve(envelope)
    v1 = request_fingerprint.preimage_v1(fields)
    v2 = request_fingerprint.preimage_v2(fields)
    local = request_fingerprint.preimage_v2({**fields, "kind": "request"})
    return {
        "name": name,
        "envelope": envelope,
        "canonical_meta": fields["meta"],
        "canonical_mentions": strict_json.canonical(fields["mentions"]),
        "body_sha256": hashlib.sha256(fields["body"]).hexdigest(),
        "v1_preimage_hex": v1.hex(),
        "v2_preimage_hex": v2.hex(),
        "v1": request_fingerprint.sha256_hex(v1),
        "v2": request_fingerprint.sha256_hex(v2),
        "local": request_fingerprint.sha256_hex(local),
    }


def main():
    files = {
        "canonical.json": canonical_vectors(),
        "fingerprints.json": fingerprint_vectors(),
        "close-reasons.json": close_reason_cases.vectors(),
        "negotiation.json": negotiation_cases.vectors(),
        "membership.json": membership_cases.vectors(),
        "sealing/bodies.json": sealing_cases.vectors(),
    }
    stale = []
    for name, content in files.items():
        text = json.dumps(content, indent=1, ensure_ascii=True) + "\n"
        path = VECTORS / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="ascii")
            print(f"{name}: " + ", ".join(f"{len(part)} {key}" for key, part in content.items() if isinstance(part, list)))
        elif not path.exists() or path.read_text(encoding="ascii") != text:
            stale.append(name)
    if stale:
        sys.exit(f"differs from what generate.py writes: {', '.join(stale)}")


if __name__ == "__main__":
    main()
