"""Answers each line of standard input by the SDK itself: canonical forms and fingerprints, without a daemon."""

import base64
import binascii
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "sdk" / "python" / "src"))

from claudemesh import ClaudemeshError, canonical_json, canonical_meta, parse_json, wire_fingerprint
from claudemesh._meta import check_size


def main():
    out = sys.stdout
    for line in sys.stdin.buffer:
        if line.isspace():
            continue
        out.write(json.dumps(answer(line), separators=(",", ":")) + "\n")
        out.flush()


def answer(line):
    try:
        text, is_utf8 = line.decode("utf-8"), True
    except UnicodeDecodeError:
        # It is read all the same, so that the answer has its id.
        text, is_utf8 = line.decode("utf-8", "replace"), False
    try:
        request = json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return {"id": None, "ok": False, "code": "malformed_json"}
    if not isinstance(request, dict):
        return {"id": None, "ok": False, "code": "usage"}
    given = request.get("id")
    id_ = given if isinstance(given, (str, int, float)) and not isinstance(given, bool) else None
    if not is_utf8:
        return {"id": id_, "ok": False, "code": "invalid_utf8"}
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
        form = request.get("as")
        if form == "meta":
            return {"canonical": canonical_meta(source)}
        if form is not None:
            raise ClaudemeshError("invalid_field", "as")
        text = canonical_json(parse_json(source))
        check_size(text)
        return {"canonical": text}
    if op == "fingerprint":
        return {"hex": fingerprint(request).hex()}
    raise ClaudemeshError("usage", "unknown op")


def source_of(request):
    text = field(request, "text", str, None)
    return bytes_in(request, "base64url", missing=True) if text is None else text


def fingerprint(request):
    version = request.get("version")
    if isinstance(version, bool) or version not in (1, 2):
        raise ClaudemeshError("invalid_field", "version")
    envelope = field(request, "envelope", dict)
    mentions = field(envelope, "mentions", list, [])
    if not all(isinstance(mention, str) for mention in mentions):
        raise ClaudemeshError("invalid_field", "mentions")
    # What is not given is left to the SDK, whose defaults are to be seen too.
    given = {
        "reply_to": field(envelope, "reply_to", str, None),
        "priority": field(envelope, "priority", str, None),
        "meta": field(envelope, "meta_text", str, None) or None,
        "content_type": field(envelope, "content_type", str, None),
        "body": None if envelope.get("body") is None else bytes_in(envelope, "body"),
    }
    return wire_fingerprint(
        int(version),
        mesh_id=field(envelope, "mesh_id", str),
        kind=field(envelope, "kind", str),
        ref=field(envelope, "ref", str),
        mentions=mentions,
        **{name: value for name, value in given.items() if value is not None},
    )


REQUIRED = object()


def field(members, name, kind, absent=REQUIRED):
    """Absent and null are the same."""
    value = members.get(name)
    if value is None:
        if absent is REQUIRED:
            raise ClaudemeshError("missing_field", name)
        return absent
    if not isinstance(value, kind):
        raise ClaudemeshError("invalid_field", name)
    return value


def bytes_in(members, name, missing=False):
    """Base64url in its only spelling: without padding, and without bits that no byte has."""
    text = field(members, name, str) if missing else field(members, name, str, "")
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != text:
        raise ClaudemeshError("invalid_field", name)
    return found


if __name__ == "__main__":
    main()
