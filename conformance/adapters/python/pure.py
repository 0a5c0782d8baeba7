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
        if line.strip(b" \t\r\n") == b"":
            continue
        id_, told = answer(line)
        said = json.dumps(told, separators=(",", ":"))
        out.write(f'{{"id":{id_},{said[1:]}\n')
        out.flush()


class Number:
    """A number as it is written: an id is said again without being read."""

    def __init__(self, text):
        self.text = text


def answer(line):
    """The id as JSON, and the rest of the answer."""
    try:
        text, is_utf8 = line.decode("utf-8"), True
    except UnicodeDecodeError:
        # It is read all the same, so that the answer has its id.
        text, is_utf8 = line.decode("utf-8", "replace"), False
    try:
        request = json.loads(text, parse_constant=no_constant, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError):
        return "null", {"ok": False, "code": "malformed_json"}
    if not isinstance(request, dict):
        return "null", {"ok": False, "code": "usage"}
    id_ = id_text(request.get("id"))
    if not is_utf8:
        return id_, {"ok": False, "code": "invalid_utf8"}
    try:
        return id_, {"ok": True, **perform(request)}
    except ClaudemeshError as error:
        return id_, {"ok": False, "code": error.code}


def id_text(given):
    if isinstance(given, Number):
        return given.text
    return json.dumps(given) if isinstance(given, str) else "null"


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
    if not isinstance(version, Number) or float(version.text) not in (1, 2):
        raise ClaudemeshError("invalid_field", "version")
    envelope = field(request, "envelope", dict)
    for name in ("mesh_id", "kind", "ref"):
        if envelope.get(name) is None:
            raise ClaudemeshError("missing_field", name)
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
        int(float(version.text)),
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
