"""Membership chains, written from the text of the specification: what is signed, what is hashed, what is refused."""

import base64
import hashlib
import json

import ed25519
import strict_json

MESH = "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12"
OTHER_MESH = "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f13"
AT = "2026-05-01T12:00:00.000Z"
EXPIRES = "2026-05-08T12:00:00.000Z"
AFTER_IT = "2026-05-08T12:00:00.001Z"
THROUGH = {"epoch": 1, "seq": 7}


def length_prefixed(tag, fields):
    parts = [field.encode("utf-8") if isinstance(field, str) else field for field in fields]
    return tag + b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def canonical(value):
    return strict_json.canonical(strict_json.parse(json.dumps(value).encode()))


class Key:
    def __init__(self, name):
        self.seed = hashlib.sha256(b"seed of " + name.encode()).digest()
        self.id = ed25519.public_key(self.seed).hex()
        # Any 32 bytes are an x25519 key.
        self.x25519 = hashlib.sha256(b"x25519 of " + name.encode()).hexdigest()

    def sign(self, message):
        return base64.urlsafe_b64encode(ed25519.sign(self.seed, message)).rstrip(b"=").decode()


def proof(key, member_id, mesh=MESH):
    return key.sign(length_prefixed(b"claudemesh:member-keys:v1", [mesh, member_id, key.id, key.x25519]))


def new_member(key, name, mesh=MESH):
    return {"member_id": key.id, "name": name, "x25519_pubkey": key.x25519, "proof": proof(key, key.id, mesh)}


def next_keys(key, member_id):
    return {"ed25519_pubkey": key.id, "x25519_pubkey": key.x25519, "proof": proof(key, member_id)}


def signed_bytes(entry):
    unsigned = {field: value for field, value in entry.items() if field != "signature"}
    return length_prefixed(b"claudemesh:membership:v1", [canonical(unsigned)])


def entry_hash(entry):
    return hashlib.sha256(length_prefixed(b"claudemesh:membership-hash:v1", [canonical(entry)])).hexdigest()


def entry_after(entries, content, by, key, **place):
    entry = {
        "mesh_id": MESH,
        "n": len(entries),
        "previous": entry_hash(entries[-1]) if entries else None,
        "at": AT,
        "by": by,
        "key_id": key.id,
        **content,
        **place,
    }
    return {**entry, "signature": key.sign(signed_bytes(entry))}


OLGA, ANNA, MIA, MIA_2, GIL, ZOE = (Key(name) for name in ("olga", "anna", "mia", "mia's next", "gil", "zoe"))
INVITE, UNUSED, OWNERS = Key("an invite"), Key("an unused invite"), Key("an invite for owners")

# What it says, who says it, with which key. Every kind is here.
SAID = [
    ({"kind": "create", "member": new_member(OLGA, "olga"), "unsealed_through": THROUGH}, OLGA.id, OLGA),
    ({"kind": "admit", "member": new_member(ANNA, "anna"), "role": "admin"}, OLGA.id, OLGA),
    ({"kind": "admit", "member": new_member(MIA, "mia"), "role": "member"}, ANNA.id, ANNA),
    ({"kind": "invite", "invite_id": INVITE.id, "role": "guest", "uses": 1, "expires_at": EXPIRES}, ANNA.id, ANNA),
    ({"kind": "invite", "invite_id": UNUSED.id, "role": "member", "uses": 9, "expires_at": EXPIRES}, OLGA.id, OLGA),
    ({"kind": "join", "member": new_member(GIL, "gil")}, INVITE.id, INVITE),
    ({"kind": "invite_revoke", "invite_id": UNUSED.id}, ANNA.id, ANNA),
    ({"kind": "rename", "member_id": MIA.id, "name": "mila"}, MIA.id, MIA),
    ({"kind": "role", "member_id": GIL.id, "role": "member"}, ANNA.id, ANNA),
    ({"kind": "dm_from", "from": sorted([OLGA.id, ANNA.id])}, GIL.id, GIL),
    ({"kind": "grants", "member_id": GIL.id, "destinations": ["#all", "#build", "queue:jobs"]}, OLGA.id, OLGA),
    ({"kind": "policy", "destination": "#build", "unsealed": True}, ANNA.id, ANNA),
    ({"kind": "rotate", "keys": next_keys(MIA_2, MIA.id)}, MIA.id, MIA),
    ({"kind": "dm_from", "from": None}, MIA.id, MIA_2),
    ({"kind": "policy", "destination": "#build", "unsealed": False}, OLGA.id, OLGA),
    ({"kind": "revoke", "member_id": GIL.id, "through": THROUGH}, ANNA.id, ANNA),
    ({"kind": "leave", "through": THROUGH}, MIA.id, MIA_2),
]

# Name, number of the chain's entries before it, what it says, who, with which key, what differs of its place, code.
REFUSED = [
    ("a second beginning", 1, SAID[0][0], OLGA.id, OLGA, {}, "membership_invalid"),
    ("another place", 1, SAID[1][0], OLGA.id, OLGA, {"n": 2}, "membership_invalid"),
    ("after another head", 1, SAID[1][0], OLGA.id, OLGA, {"previous": "0" * 64}, "membership_invalid"),
    ("of another mesh", 1, SAID[1][0], OLGA.id, OLGA, {"mesh_id": OTHER_MESH}, "membership_invalid"),
    ("by nobody of the mesh", 1, SAID[1][0], ZOE.id, ZOE, {}, "not_a_member"),
    ("by another's key", 2, {"kind": "leave", "through": THROUGH}, OLGA.id, ANNA, {}, "membership_invalid"),
    ("by a key before a rotation", 13, {"kind": "rename", "member_id": MIA.id, "name": "mimi"}, MIA.id, MIA, {}, "membership_invalid"),
    ("keys of before", 13, {"kind": "rotate", "keys": next_keys(MIA, MIA.id)}, MIA.id, MIA_2, {}, "membership_invalid"),
    ("keys proven for another", 2, {"kind": "rotate", "keys": next_keys(ZOE, OLGA.id)}, ANNA.id, ANNA, {}, "membership_invalid"),
    ("keys proven to another mesh", 1, {"kind": "admit", "member": new_member(ZOE, "zoe", OTHER_MESH), "role": "guest"}, OLGA.id, OLGA, {}, "membership_invalid"),
    ("an admin makes an owner", 2, {"kind": "admit", "member": new_member(ZOE, "zoe"), "role": "owner"}, ANNA.id, ANNA, {}, "not_allowed"),
    ("an admin over an owner", 2, {"kind": "revoke", "member_id": OLGA.id, "through": THROUGH}, ANNA.id, ANNA, {}, "not_allowed"),
    ("a member takes somebody in", 3, {"kind": "admit", "member": new_member(ZOE, "zoe"), "role": "guest"}, MIA.id, MIA, {}, "not_allowed"),
    ("a name of somebody else", 3, {"kind": "rename", "member_id": MIA.id, "name": "anna"}, MIA.id, MIA, {}, "already_exists"),
    ("a name that somebody else had", 8, {"kind": "admit", "member": new_member(ZOE, "mia"), "role": "guest"}, OLGA.id, OLGA, {}, "already_exists"),
    ("a name of somebody who is gone", 16, {"kind": "admit", "member": new_member(ZOE, "gil"), "role": "guest"}, OLGA.id, OLGA, {}, "already_exists"),
    ("a member again", 3, {"kind": "admit", "member": new_member(MIA, "mila"), "role": "guest"}, OLGA.id, OLGA, {}, "already_exists"),
    ("one who is gone comes back", 16, {"kind": "admit", "member": new_member(GIL, "gina"), "role": "guest"}, OLGA.id, OLGA, {}, "not_a_member"),
    ("one who is gone speaks", 16, {"kind": "leave", "through": THROUGH}, GIL.id, GIL, {}, "not_a_member"),
    ("the last owner leaves", 16, {"kind": "leave", "through": THROUGH}, OLGA.id, OLGA, {}, "last_owner"),
    ("an unknown invite", 4, {"kind": "join", "member": new_member(ZOE, "zoe")}, ZOE.id, ZOE, {}, "invite_unknown"),
    ("an invite that is used up", 6, {"kind": "join", "member": new_member(ZOE, "zoe")}, INVITE.id, INVITE, {}, "invite_used"),
    ("an invite that was taken back", 7, {"kind": "join", "member": new_member(ZOE, "zoe")}, UNUSED.id, UNUSED, {}, "invite_revoked"),
    ("an invite that has expired", 4, {"kind": "join", "member": new_member(ZOE, "zoe")}, INVITE.id, INVITE, {"at": AFTER_IT}, "invite_expired"),
    ("an invite by another's key", 4, {"kind": "join", "member": new_member(ZOE, "zoe")}, INVITE.id, ZOE, {}, "membership_invalid"),
    ("an invite above its maker", 2, {"kind": "invite", "invite_id": OWNERS.id, "role": "owner", "uses": 1, "expires_at": EXPIRES}, ANNA.id, ANNA, {}, "not_allowed"),
    ("a kind of later", 1, {"kind": "promise"}, OLGA.id, OLGA, {}, "membership_newer"),
    ("one field more", 3, {"kind": "leave", "through": THROUGH, "why": ""}, MIA.id, MIA, {}, "membership_invalid"),
    ("an unsorted list", 3, {"kind": "dm_from", "from": ["b" * 64, "a" * 64]}, MIA.id, MIA, {}, "membership_invalid"),
    ("a name in capitals", 3, {"kind": "rename", "member_id": MIA.id, "name": "Mila"}, MIA.id, MIA, {}, "membership_invalid"),
    ("a weak key", 1, {"kind": "admit", "member": {**new_member(ZOE, "zoe"), "x25519_pubkey": "00" * 32}, "role": "guest"}, OLGA.id, OLGA, {}, "membership_invalid"),
]

COMPARED = [
    ("first keys", (OLGA.id, OLGA.id, OLGA.x25519), (ANNA.id, ANNA.id, ANNA.x25519)),
    ("the other side of it", (ANNA.id, ANNA.id, ANNA.x25519), (OLGA.id, OLGA.id, OLGA.x25519)),
    ("after a rotation", (OLGA.id, OLGA.id, OLGA.x25519), (MIA.id, MIA_2.id, MIA_2.x25519)),
]


def safety_number(origin, one, other):
    def digits(identity):
        said = length_prefixed(b"claudemesh:safety-number:v1", [MESH, origin, *identity])
        digest = hashlib.sha512(said).digest()
        for _ in range(5199):
            digest = hashlib.sha512(digest + said).digest()
        return " ".join(f"{int.from_bytes(digest[at : at + 5], 'big') % 100000:05d}" for at in range(0, 30, 5))

    return " ".join(sorted([digits(one), digits(other)]))


def epoch_record(destination, name, parent, depth, history, head):
    record = {
        "mesh_id": MESH, "destination": destination, "name": name, "epoch_id": "e1" * 32, "parent": parent,
        "depth": depth, "created_by": MIA.id, "key_id": MIA_2.id, "membership_head": head, "history": history, "at": AT,
    }
    fields = ["" if value is None else str(value) for value in record.values()]
    message = length_prefixed(b"claudemesh:epoch-record:v1", fields)
    return {"signed_hex": message.hex(), "record": {**record, "signature": MIA_2.sign(message)}}


def vectors():
    entries = []
    for content, by, key in SAID:
        entries.append(entry_after(entries, content, by, key))
    kinds = {entry["kind"] for entry in entries}
    assert len(kinds) == 13, kinds
    head = entry_hash(entries[-1])
    return {
        "about": "A membership chain with every kind of entry. `canonical` is what is kept and sent, `signed_hex` what its "
        "key signs, `hash` what the next entry names. `refused`: entries that do not follow the first `after` entries of the chain, with "
        "the code of the refusal. `proof_hex`: what a member's proof of its keys covers. Ids of invites and members are "
        "Ed25519 public keys.",
        "mesh_id": MESH,
        "entries": [
            {
                "entry": entry,
                "canonical": canonical(entry),
                "signed_hex": signed_bytes(entry).hex(),
                "hash": entry_hash(entry),
            }
            for entry in entries
        ],
        "refused": [
            {"name": name, "after": after, "entry": entry_after(entries[:after], content, by, key, **place), "error": code}
            for name, after, content, by, key, place, code in REFUSED
        ],
        "key_proof": {
            "member_id": MIA.id,
            "keys": next_keys(MIA_2, MIA.id),
            "signed_hex": length_prefixed(
                b"claudemesh:member-keys:v1", [MESH, MIA.id, MIA_2.id, MIA_2.x25519]
            ).hex(),
        },
        "safety_numbers": [
            {
                "name": name,
                "origin": entry_hash(entries[0]),
                "identities": [dict(zip(("member_id", "ed25519", "x25519"), side)) for side in (one, other)],
                "digits": safety_number(entry_hash(entries[0]), one, other),
            }
            for name, one, other in COMPARED
        ],
        "epoch_records": [
            epoch_record("queue:jobs", "jobs", None, 0, "joined", head),
            epoch_record("topic:0190a6b2-9999-7abc-8def-0123456789ab", "build", "e0" * 32, 7, "all", head),
        ],
    }
