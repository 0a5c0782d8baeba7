"""Both request fingerprints of the delivery contract, written from its text and without the product's code."""

import base64
import hashlib
import re

from strict_json import Refused, canonical, canonical_meta

KINDS = ("topic", "dm", "queue", "request")
PRIORITIES = ("now", "next", "low")
DEFAULTS = {
    "reply_to": "",
    "priority": "next",
    "meta_text": "",
    "mentions": [],
    "content_type": "text/plain; charset=utf-8",
    "body": "",
}
V2_TAG = b"claudemesh:rf:v2"


def resolve(envelope):
    """An envelope as the adapters take it, with its defaults filled in, as both versions read it."""
    given = {**DEFAULTS, **{name: value for name, value in envelope.items() if value is not None}}
    for name in ("mesh_id", "kind", "ref"):
        if name not in given:
            raise Refused("missing_field")
    texts = [given[name] for name in ("mesh_id", "kind", "ref", "reply_to", "priority", "meta_text", "content_type", "body")]
    if not isinstance(given["mentions"], list) or not all(isinstance(text, str) for text in texts + given["mentions"]):
        raise Refused("invalid_field")
    if given["kind"] not in KINDS or given["priority"] not in PRIORITIES:
        raise Refused("invalid_field")
    body = _bytes(given["body"])
    meta = _meta(given["meta_text"])
    for text in [given[name] for name in ("mesh_id", "ref", "reply_to", "content_type")] + given["mentions"]:
        _check(text)
    mentions = sorted(set(given["mentions"]), key=lambda text: text.encode("utf-16-be"))
    return {**given, "meta": meta, "mentions": mentions, "body": body}


def _meta(text):
    if text == "":
        return ""
    try:
        return canonical_meta(text.encode("utf-8"))
    except UnicodeEncodeError:
        return canonical_meta(text)


def _check(text):
    if any(char < " " for char in text):
        raise Refused("control_character")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Refused("lone_surrogate")


def _bytes(text):
    """Unpadded base64url in its only spelling: unused bits of the last character are zero."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        raise Refused("invalid_field")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text:
        raise Refused("invalid_field")
    return raw


def preimage_v1(fields):
    body_hex = hashlib.sha256(fields["body"]).hexdigest()
    texts = ["1", fields["kind"], fields["ref"], fields["reply_to"], fields["priority"], fields["meta"], body_hex]
    return b"\x00".join(text.encode("utf-8") for text in texts)


def preimage_v2(fields):
    texts = [fields["mesh_id"], "2", fields["kind"], fields["ref"], fields["reply_to"], fields["priority"]]
    texts += [fields["meta"], canonical(fields["mentions"]), fields["content_type"]]
    parts = [text.encode("utf-8") for text in texts] + [hashlib.sha256(fields["body"]).digest()]
    return V2_TAG + b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def sha256_hex(data):
    return hashlib.sha256(data).hexdigest()
