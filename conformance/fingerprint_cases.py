"""Envelopes whose fingerprints are published: every field varied alone, every set of given fields, and what joining naively
would confuse. They have the form that the adapters take (README.md).
"""

import base64
from itertools import combinations

MESH = "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12"
ALICE = "a1" * 32
BOB = "b2" * 32
CAROL = "c3" * 32
REPLY = "0190a6b2-9999-7abc-8def-0123456789ab"


def body(content):
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


BASE = {"mesh_id": MESH, "kind": "topic", "ref": "builds", "body": body("hello")}


def varied(**fields):
    return {**BASE, **fields}


# Name and envelope. The first is the base that each of the next group differs from in one field.
CASES = [
    ("base", BASE),
    ("mesh_id varied", varied(mesh_id="0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f13")),
    ("kind varied", varied(kind="queue")),
    ("ref varied", varied(ref="builds2")),
    ("reply_to varied", varied(reply_to=REPLY)),
    ("priority now", varied(priority="now")),
    ("priority low", varied(priority="low")),
    ("meta varied", varied(meta_text='{"run":42}')),
    ("mentions varied", varied(mentions=[ALICE])),
    ("content_type varied", varied(content_type="application/octet-stream")),
    ("body varied", varied(body=body("hello "))),
    ("body empty", varied(body="")),
    ("body of all bytes", varied(body=body(bytes(range(256))))),
    ("body of a NUL", varied(body=body(b"\x00"))),
    ("dm", varied(kind="dm", ref=ALICE)),
    ("dm to an agent", varied(kind="dm", ref=ALICE + "/reviewer")),
    ("everything given", {
        "mesh_id": MESH, "kind": "dm", "ref": ALICE + "/reviewer", "reply_to": REPLY, "priority": "now",
        "meta_text": '{"z":[1E30,-0,{"\u20ac":"\U0001f602"}],"__proto__":null,"10":1,"9":2}',
        "mentions": [CAROL, ALICE, BOB], "content_type": "application/json", "body": body('{"a":1}'),
    }),
    ("priority given as its default", varied(priority="next")),
    ("content_type given as its default", varied(content_type="text/plain; charset=utf-8")),
    ("meta null", varied(meta_text="null")),
    ("meta empty", varied(meta_text=" { } ")),
    ("mentions empty", varied(mentions=[])),
    ("mentions of two", varied(mentions=[ALICE, BOB])),
    ("mentions unsorted", varied(mentions=[BOB, ALICE])),
    ("mentions repeated", varied(mentions=[BOB, ALICE, BOB])),
    ("meta of two keys", varied(meta_text='{"a":1,"b":2}')),
    ("meta of two keys in another order and spelling", varied(meta_text='{ "b" : 2.0, "' + "\\u0061" + '" : 1e0 }')),
    ("meta with minus zero", varied(meta_text='{"a":-0}')),
    ("meta with zero", varied(meta_text='{"a":0}')),
    ("meta with null inside", varied(meta_text='{"a":null}')),
    ("meta with the text null", varied(meta_text='{"a":"null"}')),
    ("meta with an escaped NUL", varied(meta_text='{"a":"' + "\\u0000" + '"}')),
    ("joined: ref ends early", varied(ref="build", reply_to="s")),
    ("joined: ref with a slash", varied(kind="dm", ref=ALICE + "/low", priority="next")),
    ("joined: agent or priority", varied(kind="dm", ref=ALICE, priority="low")),
    ("joined: kind and ref with a colon", varied(kind="queue", ref="topic:builds")),
    ("joined: kind topic, ref topicbuilds", varied(ref="topicbuilds")),
    ("joined: reply_to takes the priority's text", varied(reply_to="next")),
    ("joined: meta text in reply_to", varied(reply_to='{"run":42}')),
    ("joined: the body is the canonical meta", varied(body=body('{"run":42}'))),
    ("joined: the body is a mention", varied(body=body(ALICE))),
    ("joined: the body is the hash of the base's body", varied(
        body=body(bytes.fromhex("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")))),
    ("joined: the content type's text in meta", varied(meta_text='{"content_type":"application/octet-stream"}')),
    ("joined: one mention with a comma", varied(mentions=[ALICE + '","' + BOB])),
    ("joined: lengths that swap", varied(ref="bu", reply_to="ilds")),
    ("joined: the mesh's tail in the version", varied(mesh_id=MESH + "2")),
    ("kind request", varied(kind="request", ref="#builds")),
    ("meta empty text", varied(meta_text="")),
    ("every optional field null", varied(reply_to=None, priority=None, meta_text=None, mentions=None, content_type=None)),
    ("every optional field empty or its default", varied(
        reply_to="", priority="next", meta_text="", mentions=[], content_type="text/plain; charset=utf-8")),
    ("body left out", {"mesh_id": MESH, "kind": "topic", "ref": "builds"}),
    ("body null", varied(body=None)),
    ("body of 65,536 bytes", varied(body=body(b"x" * 65536))),
    ("body that is no UTF-8", varied(body=body(b"\xff\xfe\xc0\x80"))),
    ("body that needs - and _ in base64url", varied(body=body(b"\xfb\xff\xbf\xfe"))),
    ("body of one byte", varied(body=body(b"h"))),
    ("body of two bytes", varied(body=body(b"he"))),
    ("content type empty", varied(content_type="")),
    ("content type in capitals", varied(content_type="Text/Plain; charset=utf-8")),
    ("content type without charset", varied(content_type="text/plain")),
    ("ref empty", varied(ref="")),
    ("ref in Latin, Han and emoji", varied(kind="request", ref="caf\u00e9 \u6f22\u5b57 \U0001f602")),
    ("ref composed", varied(kind="request", ref="\u00c5")),
    ("ref decomposed", varied(kind="request", ref="A\u030a")),
    ("ref with delete and the C1 controls", varied(kind="request", ref="\x7f\x80\x9f")),
    ("ref with a line separator", varied(kind="request", ref="\u2028")),
    ("ref with a byte order mark", varied(kind="request", ref="\ufeffbuilds")),
    ("ref with spaces around", varied(kind="request", ref=" builds ")),
    ("ref of 300 bytes", varied(kind="request", ref="\u20ac" * 100)),
    ("ref with quote and backslash", varied(kind="request", ref='"\\')),
    ("reply_to in capitals", varied(reply_to=REPLY.upper())),
    ("mentions by UTF-16 code units", varied(mentions=["\uffff", "\U0001f602", "z"])),
    ("mentions by UTF-16 code units, in their order", varied(mentions=["z", "\U0001f602", "\uffff"])),
    ("mentions that begin one another", varied(mentions=["ab", "a", ""])),
    ("mentions in capitals and small letters", varied(mentions=["a", "B", "A", "b"])),
    ("mentions with quote and backslash", varied(mentions=['"', "\\", "/"])),
    ("mentions like numbers", varied(mentions=["10", "9", "1"])),
    ("mentions as names", varied(kind="request", ref="#builds", mentions=["@bob", "@alice"])),
    ("twenty mentions", varied(mentions=[format(n, "064x") for n in reversed(range(20))])),
    ("meta with line breaks between tokens", varied(meta_text='{\n\t"a" : 1\r\n}')),
    ("meta with a raw astral character", varied(meta_text='{"\U0001f602":"\uffff","\uffff":1}')),
    ("meta with escaped pairs", varied(meta_text='{"' + "\\ud83d\\ude02" + '":"' + "\\uffff" + '","' + "\\uFFFF" + '":1.0}')),
    ("meta with numbers", varied(meta_text='{"a":[1e21,1E-7,5e-324,0.1,-0.0,123456789012345]}')),
    ("meta with words", varied(meta_text='{"t":true,"f":false,"n":null}')),
    ("meta of depth 16", varied(meta_text='{"a":' * 15 + "{}" + "}" * 15)),
    ("meta of 8,192 bytes", varied(meta_text='{"k":"' + "x" * 8184 + '"}')),
    ("meta that holds an empty object", varied(meta_text='{"a":{}}')),
    ("meta with __proto__", varied(meta_text='{"__proto__":{}}')),
]

# Every set of fields that may be left out, each with a value that is not its default.
GIVEN = {
    "reply_to": REPLY,
    "priority": "low",
    "meta_text": '{"run":42,"ok":true}',
    "mentions": [BOB, ALICE],
    "content_type": "application/json",
    "body": body('{"a":1}'),
}
SHORTEST = {"mesh_id": MESH, "kind": "dm", "ref": BOB}
SETS = [names for count in range(len(GIVEN) + 1) for names in combinations(GIVEN, count)]
CASES += [
    ("given: " + (", ".join(names) or "nothing"), {**SHORTEST, **{name: GIVEN[name] for name in names}}) for names in SETS
]

# (what, names, same under version 1, same under version 2)
GROUPS = [
    ("a field that is given as its default changes nothing", [
        "base", "priority given as its default", "content_type given as its default", "meta null", "meta empty",
        "mentions empty", "meta empty text", "every optional field null", "every optional field empty or its default"],
        True, True),
    ("a body left out is empty", ["body empty", "body left out", "body null"], True, True),
    ("mentions sort by code units", [
        "mentions by UTF-16 code units", "mentions by UTF-16 code units, in their order"], True, True),
    ("meta is read before it is compared", ["meta with a raw astral character", "meta with escaped pairs"], True, True),
    ("texts are compared as they are", [
        "ref composed", "ref decomposed", "ref with a byte order mark", "ref with spaces around", "ref with a line separator",
        "ref with delete and the C1 controls"], False, False),
    ("a content type counts letter by letter", [
        "base", "content type empty", "content type in capitals", "content type without charset"], True, False),
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
    ("every set of given fields has its own version 2", ["given: " + (", ".join(names) or "nothing") for names in SETS],
        None, False),
    ("an agent's name is no priority", [
        "dm", "joined: ref with a slash", "joined: agent or priority"], False, False),
    ("one mention with a comma is not two mentions", [
        "mentions of two", "joined: one mention with a comma"], True, False),
]

# What no version has a fingerprint for. A control character is refused, since version 1's separator could be forged by it; a
# lone surrogate, since it has no bytes, and what is put in its place would make two requests one.
REFUSED = [
    ("NUL in ref", varied(ref="builds\x00next"), "control_character"),
    ("NUL in reply_to", varied(reply_to="\x00"), "control_character"),
    ("NUL in content_type", varied(content_type="text/plain\x00"), "control_character"),
    ("NUL in mesh_id", varied(mesh_id="\x00" + MESH), "control_character"),
    ("NUL in a mention", varied(mentions=[ALICE, "\x00"]), "control_character"),
    ("U+0001 in ref", varied(ref="\x01"), "control_character"),
    ("U+001F in ref", varied(ref="a\x1f"), "control_character"),
    ("a tab in ref", varied(ref="a\tb"), "control_character"),
    ("an escape in mesh_id", varied(mesh_id=MESH + "\x1b"), "control_character"),
    ("a line break in reply_to", varied(reply_to=REPLY + "\n"), "control_character"),
    ("a line break in content_type", varied(content_type="text/plain\r\n"), "control_character"),
    ("a line break in a mention", varied(mentions=["a\n"]), "control_character"),
    ("a request that forges version 1's separators", varied(ref="builds\x00\x00next\x00\x00"), "control_character"),
    ("a lone surrogate in mesh_id", varied(mesh_id=MESH + "\ud800"), "lone_surrogate"),
    ("a lone surrogate in ref", varied(ref="a\udc00"), "lone_surrogate"),
    ("a lone surrogate in reply_to", varied(reply_to="\udbff"), "lone_surrogate"),
    ("a lone surrogate in content_type", varied(content_type="text/plain\ude02\ud83d"), "lone_surrogate"),
    ("a lone surrogate in a mention", varied(mentions=["\ud83d"]), "lone_surrogate"),
    ("a duplicate key in meta", varied(meta_text='{"a":1,"a":1}'), "duplicate_key"),
    ("meta that is an array", varied(meta_text="[]"), "invalid_field"),
    ("meta that is a number", varied(meta_text="1"), "invalid_field"),
    ("meta that is no JSON", varied(meta_text="{"), "malformed_json"),
    ("meta of a space alone", varied(meta_text=" "), "malformed_json"),
    ("a big integer in meta", varied(meta_text='{"a":9007199254740992}'), "number_out_of_range"),
    ("a lone surrogate in meta", varied(meta_text='{"a":"' + "\\ud800" + '"}'), "lone_surrogate"),
    ("a raw lone surrogate in meta", varied(meta_text='{"a":"\ud800"}'), "lone_surrogate"),
    ("meta of depth 17", varied(meta_text='{"a":' * 16 + "{}" + "}" * 16), "too_deep"),
    ("meta of 8,193 bytes", varied(meta_text='{"k":"' + "x" * 8185 + '"}'), "meta_too_large"),
]


def without(name):
    return {key: value for key, value in BASE.items() if key != name}


# What is no envelope at all. Only who takes it as JSON can meet it.
MALFORMED = [
    ("no mesh_id", without("mesh_id"), "missing_field"),
    ("no kind", without("kind"), "missing_field"),
    ("no ref", without("ref"), "missing_field"),
    ("mesh_id null", varied(mesh_id=None), "missing_field"),
    ("kind null", varied(kind=None), "missing_field"),
    ("ref null", varied(ref=None), "missing_field"),
    ("an unknown kind", varied(kind="agent"), "invalid_field"),
    ("kind in capitals", varied(kind="Topic"), "invalid_field"),
    ("kind empty", varied(kind=""), "invalid_field"),
    ("kind that is a number", varied(kind=1), "invalid_field"),
    ("an unknown priority", varied(priority="high"), "invalid_field"),
    ("priority empty", varied(priority=""), "invalid_field"),
    ("priority that is a number", varied(priority=1), "invalid_field"),
    ("ref that is a number", varied(ref=1), "invalid_field"),
    ("mesh_id that is an object", varied(mesh_id={}), "invalid_field"),
    ("reply_to that is a number", varied(reply_to=1), "invalid_field"),
    ("content_type that is false", varied(content_type=False), "invalid_field"),
    ("mentions that are a text", varied(mentions=ALICE), "invalid_field"),
    ("a mention that is a number", varied(mentions=[1]), "invalid_field"),
    ("a mention that is null", varied(mentions=[None]), "invalid_field"),
    ("meta_text that is an object", varied(meta_text={}), "invalid_field"),
    ("a body with padding", varied(body="aA=="), "invalid_field"),
    ("a body in the other alphabet", varied(body="+/+/"), "invalid_field"),
    ("a body of a length that no bytes have", varied(body="aGVsb"), "invalid_field"),
    ("a body whose last character has bits too many", varied(body="aGVsbG9"), "invalid_field"),
    ("a body with a line break", varied(body="aGVs\nbG8"), "invalid_field"),
    ("a body with a space", varied(body="aGVs bG8"), "invalid_field"),
    ("a body with a character beyond ASCII", varied(body="aGV\u017fbG8"), "invalid_field"),
    ("a body that is a number", varied(body=5), "invalid_field"),
]
