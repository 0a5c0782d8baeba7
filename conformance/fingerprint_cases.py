"""Requests whose fingerprints are published: every field varied alone, and what joining naively would confuse."""

MESH = "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12"
ALICE = "a1" * 32
BOB = "b2" * 32
CAROL = "c3" * 32
REPLY = "0190a6b2-9999-7abc-8def-0123456789ab"
BASE = {"mesh_id": MESH, "kind": "topic", "ref": "builds", "body_hex": b"hello".hex()}


def varied(**fields):
    return {**BASE, **fields}


def body(text):
    return text.encode("utf-8").hex()


# Name and request. The first is the base that each of the next group differs from in one field.
CASES = [
    ("base", BASE),
    ("mesh_id varied", varied(mesh_id="0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f13")),
    ("kind varied", varied(kind="queue")),
    ("ref varied", varied(ref="builds2")),
    ("reply_to varied", varied(reply_to=REPLY)),
    ("priority now", varied(priority="now")),
    ("priority low", varied(priority="low")),
    ("meta varied", varied(meta='{"run":42}')),
    ("mentions varied", varied(mentions=[ALICE])),
    ("content_type varied", varied(content_type="application/octet-stream")),
    ("body varied", varied(body_hex=body("hello "))),
    ("body empty", varied(body_hex="")),
    ("body of all bytes", varied(body_hex=bytes(range(256)).hex())),
    ("body of a NUL", varied(body_hex="00")),
    ("dm", varied(kind="dm", ref=ALICE)),
    ("dm to an agent", varied(kind="dm", ref=ALICE + "/reviewer")),
    ("everything given", {
        "mesh_id": MESH, "kind": "dm", "ref": ALICE + "/reviewer", "reply_to": REPLY, "priority": "now",
        "meta": '{"z":[1E30,-0,{"\u20ac":"\U0001f602"}],"__proto__":null,"10":1,"9":2}',
        "mentions": [CAROL, ALICE, BOB], "content_type": "application/json", "body_hex": body('{"a":1}'),
    }),
    ("priority given as its default", varied(priority="next")),
    ("content_type given as its default", varied(content_type="text/plain; charset=utf-8")),
    ("meta null", varied(meta="null")),
    ("meta empty", varied(meta=" { } ")),
    ("mentions empty", varied(mentions=[])),
    ("mentions of two", varied(mentions=[ALICE, BOB])),
    ("mentions unsorted", varied(mentions=[BOB, ALICE])),
    ("mentions repeated", varied(mentions=[BOB, ALICE, BOB])),
    ("meta of two keys", varied(meta='{"a":1,"b":2}')),
    ("meta of two keys in another order and spelling", varied(meta='{ "b" : 2.0, "' + "\\u0061" + '" : 1e0 }')),
    ("meta with minus zero", varied(meta='{"a":-0}')),
    ("meta with zero", varied(meta='{"a":0}')),
    ("meta with null inside", varied(meta='{"a":null}')),
    ("meta with the text null", varied(meta='{"a":"null"}')),
    ("meta with an escaped NUL", varied(meta='{"a":"' + "\\u0000" + '"}')),
    ("joined: ref ends early", varied(ref="build", reply_to="s")),
    ("joined: ref with a slash", varied(kind="dm", ref=ALICE + "/low", priority="next")),
    ("joined: agent or priority", varied(kind="dm", ref=ALICE, priority="low")),
    ("joined: kind and ref with a colon", varied(kind="queue", ref="topic:builds")),
    ("joined: kind topic, ref topicbuilds", varied(ref="topicbuilds")),
    ("joined: reply_to takes the priority's text", varied(reply_to="next")),
    ("joined: meta text in reply_to", varied(reply_to='{"run":42}')),
    ("joined: the body is the canonical meta", varied(body_hex=body('{"run":42}'))),
    ("joined: the body is a mention", varied(body_hex=body(ALICE))),
    ("joined: the body is the hash of the base's body", varied(
        body_hex="2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")),
    ("joined: the content type's text in meta", varied(meta='{"content_type":"application/octet-stream"}')),
    ("joined: one mention with a comma", varied(mentions=[ALICE + '","' + BOB])),
    ("joined: lengths that swap", varied(ref="bu", reply_to="ilds")),
    ("joined: the mesh's tail in the version", varied(mesh_id=MESH + "2")),
]

# (what, names, same under version 1, same under version 2)
GROUPS = [
    ("a field that is given as its default changes nothing", [
        "base", "priority given as its default", "content_type given as its default", "meta null", "meta empty",
        "mentions empty"], True, True),
    ("mentions are a set", ["mentions of two", "mentions unsorted", "mentions repeated"], True, True),
    ("meta counts by its canonical form", [
        "meta of two keys", "meta of two keys in another order and spelling"], True, True),
    ("minus zero is zero", ["meta with minus zero", "meta with zero"], True, True),
    ("version 1 forgets mesh, mentions and content type", [
        "base", "mesh_id varied", "mentions varied", "content_type varied"], True, False),
    ("every other field varied alone tells two requests apart", [
        "base", "kind varied", "ref varied", "reply_to varied", "priority now", "priority low", "meta varied",
        "body varied", "body empty", "body of a NUL", "meta with null inside", "meta with the text null",
        "meta with an escaped NUL", "meta with zero"], False, False),
    ("what meets when fields are joined without a boundary stays apart", [
        "base", "joined: ref ends early", "joined: lengths that swap", "joined: kind topic, ref topicbuilds",
        "joined: kind and ref with a colon", "joined: reply_to takes the priority's text", "meta varied",
        "joined: meta text in reply_to", "joined: the body is the canonical meta",
        "joined: the body is the hash of the base's body", "joined: the body is a mention",
        "joined: the content type's text in meta"], False, False),
    ("an agent's name is no priority", [
        "dm", "joined: ref with a slash", "joined: agent or priority"], False, False),
    ("one mention with a comma is not two mentions", [
        "mentions of two", "joined: one mention with a comma"], True, False),
]

# A field that holds a control character is refused; otherwise version 1's separator could be forged.
REFUSED = [
    ("NUL in ref", varied(ref="builds\x00next"), "control_character"),
    ("NUL in reply_to", varied(reply_to="\x00"), "control_character"),
    ("NUL in content_type", varied(content_type="text/plain\x00"), "control_character"),
    ("NUL in mesh_id", varied(mesh_id="\x00" + MESH), "control_character"),
    ("U+0001 in ref", varied(ref="\x01"), "control_character"),
    ("U+001F in ref", varied(ref="a\x1f"), "control_character"),
    ("a line break in content_type", varied(content_type="text/plain\r\n"), "control_character"),
    ("a request that forges version 1's separators", varied(ref="builds\x00\x00next\x00\x00"), "control_character"),
    ("a duplicate key in meta", varied(meta='{"a":1,"a":1}'), "duplicate_key"),
    ("meta that is an array", varied(meta="[]"), "invalid_field"),
    ("a big integer in meta", varied(meta='{"a":9007199254740992}'), "number_out_of_range"),
]
