"""Answers each line of standard input by the SDK's own functions: canonical forms and fingerprints, without a daemon."""

import base64
import binascii
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "sdk" / "python" / "src"))

from claudemesh import ClaudemeshError, canonical_meta, parse_json, wire_fingerprint  # noqa: E402
from claudemesh._json import canonical_json  # noqa: E402
from claudemesh._meta import check_size  # noqa: E402


def main():
    out = sys.stdout
    for line in sys.stdin.buffer:
        if line.isspace():
            continue
        out.write(json.dumps(answer(line), separators=(",", ":")) + "\n")
        out.flush()


def answer(line):
    try:
        request = json.loads(line.decode("utf-8"), parse_constant=no_constant)
    except (ValueError, RecursionError):
        return {"id": None, "ok": False, "code": "malformed_json"}
    if not isinstance(request, dict):
        return {"id": None, "ok": False, "code": "usage"}
    id_ = request.get("id")
    try:
        return {"id": id_, "ok": True, **perform(request)}
    except ClaudemeshError as error:
        return {"id": id_, "ok": False, "code": error.code}


def no_constant(name):
    raise ValueError(name)


def perform(request):
    op = request.get("op")
    if op == "canonicalize":
        source = source_of(request)
        if request.get("as") == "meta":
            return {"canonical": canonical_meta(source)}
        text = canonical_json(parse_json(source))
        check_size(text)
        return {"canonical": text}
    if op == "fingerprint":
        return {"hex": fingerprint(request).hex()}
    raise ClaudemeshError("usage", "unknown op")


def source_of(request):
    if "text" in request:
        return field(request, "text", str)
    if "base64url" in request:
        return bytes_of(request["base64url"])
    raise ClaudemeshError("missing_field", "neither text nor base64url")


def fingerprint(request):
    envelope = field(request, "envelope", dict)
    given = {name: value for name, value in envelope.items() if value is not None}
    mesh_id, kind, ref = (field(given, name, str) for name in ("mesh_id", "kind", "ref"))
    version = request.get("version")
    if isinstance(version, bool) or not isinstance(version, (int, float)) or version not in (1, 2):
        raise ClaudemeshError("invalid_field", "version")
    mentions = field(given, "mentions", list, [])
    if not all(isinstance(mention, str) for mention in mentions):
        raise ClaudemeshError("invalid_field", "mentions")
    return wire_fingerprint(
        version,
        mesh_id=mesh_id,
        kind=kind,
        ref=ref,
        reply_to=field(given, "reply_to", str, ""),
        priority=field(given, "priority", str, "next"),
        meta=field(given, "meta_text", str, "") or None,
        mentions=mentions,
        content_type=field(given, "content_type", str, "text/plain; charset=utf-8"),
        body=bytes_of(given.get("body", "")),
    )


def field(members, name, kind, absent=None):
    value = members.get(name, absent)
    if value is None:
        raise ClaudemeshError("missing_field", name)
    if not isinstance(value, kind):
        raise ClaudemeshError("invalid_field", name)
    return value


def bytes_of(text):
    """Only the exact encoding: base64url without padding, and without bits that no byte has."""
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(found).rstrip(b"=").decode() == text:
            return found
    except (binascii.Error, TypeError, ValueError):
        pass
    raise ClaudemeshError("invalid_field", "base64url")


if __name__ == "__main__":
    main()
