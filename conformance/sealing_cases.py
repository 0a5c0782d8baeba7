"""Sealed bodies, written from the text of the specification: header, framing, seed, body. Each case is one send."""

import hashlib
import json
from pathlib import Path

import seal_primitives as primitives
import strict_json

PUBLISHED = Path(__file__).parent / "vectors" / "sealing"
MESH = "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12"
ALICE = "a1" * 32
BOB = "b2" * 32
REPLY = "0190a6b2-9999-7abc-8def-0123456789ab"
SECRET = bytes(range(32))
RECIPIENT = primitives.derive_key_pair(b"the recipient's key of the vectors")
EPOCH_KEY = bytes(range(64, 96))
HEAD = "f6" * 32
ATTACHMENT = {
    "name": "r\u00e9sum\u00e9.pdf",
    "bytes": 70000,
    "content_type": "application/pdf",
    "file_id": "a7" * 32,
    "key": "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU",
}
TO_BOB = {"kind": "dm", "ref": BOB}
TO_TOPIC = {"kind": "topic", "ref": "builds"}

# Name, what differs from the usual header, attachments and body.
CASES = [
    ("dm", TO_BOB, [], b"hello"),
    ("dm, empty body", TO_BOB, [], b""),
    ("dm, another id", {**TO_BOB, "client_message_id": "a1a1a1a1a1a1a1a1:build-43"}, [], b"hello"),
    ("dm, another body", TO_BOB, [], b"hello "),
    ("dm, everything given", {
        "kind": "dm", "ref": BOB + "/reviewer", "version": 1, "reply_to": REPLY,
        "supersedes": "a1a1a1a1a1a1a1a1:build-41", "priority": "now", "meta": '{"a":1,"b":"\u20ac"}',
        "mentions": [ALICE, BOB], "content_type": "application/octet-stream",
    }, [], bytes(range(256))),
    ("dm with a file", TO_BOB, [ATTACHMENT], b"see the file"),
    ("topic", TO_TOPIC, [], b"hello"),
    ("topic, empty body", TO_TOPIC, [], b""),
    ("topic with files", TO_TOPIC, [ATTACHMENT, {**ATTACHMENT, "name": "b", "bytes": 0}], b""),
    ("queue", {"kind": "queue", "ref": "builds"}, [], b"hello"),
]

EPOCHS = [
    ("first", None, "queue:builds"),
    ("one that follows", "e0" * 32, "queue:builds"),
    ("of a topic", None, "topic:0190a6b2-9999-7abc-8def-0123456789ab"),
]


def length_prefixed(tag, fields):
    parts = [field.encode("utf-8") if isinstance(field, str) else field for field in fields]
    return tag + b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def epoch_id(key, parent, head, destination):
    return hashlib.sha256(length_prefixed(b"claudemesh:epoch:v1", [key, parent or "", head, destination])).hexdigest()


def header_of(fields):
    algorithm, sealed_to = ("hpke-v1", RECIPIENT[1].hex()) if fields["kind"] == "dm" else ("epoch-v1", "e1" * 32)
    return {
        "mesh_id": MESH,
        "version": fields.get("version", 2),
        "destination_kind": fields["kind"],
        "destination_ref": fields["ref"],
        "sender": ALICE,
        "client_message_id": fields.get("client_message_id", "a1a1a1a1a1a1a1a1:build-42"),
        "reply_to": fields.get("reply_to"),
        "supersedes": fields.get("supersedes"),
        "priority": fields.get("priority", "next"),
        "meta": fields.get("meta", ""),
        "mentions": fields.get("mentions", []),
        "content_type": fields.get("content_type", "text/plain; charset=utf-8"),
        "algorithm": algorithm,
        "sealed_to": sealed_to,
    }


def case(name, fields, attachments, body):
    header = header_of(fields)
    listed = strict_json.canonical(strict_json.parse(json.dumps(attachments).encode("ascii"))) if attachments else ""
    plain = b"\x01" + len(listed.encode("utf-8")).to_bytes(4, "big") + listed.encode("utf-8") + body
    texts = {**header, "version": str(header["version"]), "mentions": strict_json.canonical(header["mentions"])}
    aad = length_prefixed(b"claudemesh:header:v1", [value or "" for value in texts.values()])
    hashes = [hashlib.sha256(plain).digest(), hashlib.sha256(aad).digest()]
    info = length_prefixed(
        b"claudemesh:seal-seed:v1",
        [header["client_message_id"], *hashes, header["sealed_to"], header["algorithm"]],
    )
    prk = primitives.extract(b"", SECRET)
    if header["algorithm"] == "hpke-v1":
        seed = primitives.expand(prk, info, 32)
        sealed = primitives.seal_base(RECIPIENT[1], seed, b"claudemesh:seal:hpke-v1", aad, plain)
    else:
        seed = primitives.expand(prk, info, 24)
        sealed = seed + primitives.xaead(EPOCH_KEY, seed, aad, plain)
    return {
        "name": name,
        "header": header,
        "attachments": attachments,
        "body_hex": body.hex(),
        "plaintext_hex": plain.hex(),
        "associated_data_hex": aad.hex(),
        "seed_hex": seed.hex(),
        "sealed_hex": sealed.hex(),
    }


def check_primitives():
    """This implementation against the published vectors, so that what it writes is worth something."""
    published = json.loads((PUBLISHED / "primitives.json").read_text(encoding="ascii"))
    raw = bytes.fromhex
    for one in published["x25519"]["agreements"]:
        assert primitives.x25519(raw(one["private"]), raw(one["public"])).hex() == one["secret"]
    for one in published["hkdf_sha256"]["cases"]:
        prk = primitives.extract(raw(one["salt"]), raw(one["ikm"]))
        assert prk.hex() == one["prk"]
        assert primitives.expand(prk, raw(one["info"]), one["length"]).hex() == one["okm"]
    for name, seal in (("chacha20_poly1305", primitives.aead), ("xchacha20_poly1305", primitives.xaead)):
        one = published[name]
        assert seal(raw(one["key"]), raw(one["nonce"]), raw(one["aad"]), raw(one["pt"])).hex() == one["ct"]
    vector = json.loads((PUBLISHED / "rfc9180-a2-1.json").read_text(encoding="ascii"))
    setup, first = vector["setup"], vector["encryptions"][0]
    sealed = primitives.seal_base(
        raw(setup["pkRm"]), raw(setup["ikmE"]), raw(setup["info"]), raw(first["aad"]), raw(first["pt"])
    )
    assert sealed.hex() == setup["enc"] + first["ct"]


def vectors():
    check_primitives()
    cases = [case(*one) for one in CASES]
    assert len({one["name"] for one in cases}) == len(cases), "a name occurs twice"
    assert len({one["seed_hex"] for one in cases}) == len(cases), "a seed occurs twice"
    return {
        "about": "Sealed bodies (security.md, Sealing). `seed` is the ikm of the ephemeral key under hpke-v1 and the nonce under "
        "epoch-v1. `epochs` are ids of `epoch_key` under `membership_head`.",
        "sealing_secret_hex": SECRET.hex(),
        "recipient": {"private_hex": RECIPIENT[0].hex(), "public_hex": RECIPIENT[1].hex()},
        "epoch_key_hex": EPOCH_KEY.hex(),
        "membership_head": HEAD,
        "epochs": [
            {"name": name, "parent": parent, "destination": to, "epoch_id": epoch_id(EPOCH_KEY, parent, HEAD, to)}
            for name, parent, to in EPOCHS
        ],
        "cases": cases,
    }
