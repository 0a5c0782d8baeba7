"""Both request fingerprints of the delivery contract, written from its text and without the product's code."""

import hashlib

from strict_json import Refused, canonical, canonical_meta

DEFAULT_PRIORITY = "next"
DEFAULT_CONTENT_TYPE = "text/plain; charset=utf-8"
V2_TAG = b"claudemesh:rf:v2"


def resolve(request):
    """A request with its defaults filled in, as both versions read it."""
    meta = request.get("meta")
    mentions = sorted(set(request.get("mentions", [])), key=lambda text: text.encode("utf-16-be"))
    fields = {
        "mesh_id": request["mesh_id"],
        "kind": request["kind"],
        "ref": request["ref"],
        "reply_to": request.get("reply_to", ""),
        "priority": request.get("priority", DEFAULT_PRIORITY),
        "meta": "" if meta is None else canonical_meta(meta.encode("utf-8")),
        "mentions": mentions,
        "content_type": request.get("content_type", DEFAULT_CONTENT_TYPE),
        "body": bytes.fromhex(request["body_hex"]),
    }
    texts = [value for value in fields.values() if isinstance(value, str)] + mentions
    if any(char < " " for text in texts for char in text):
        raise Refused("control_character")
    return fields


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
