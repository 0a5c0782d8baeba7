"""Close reasons: JSON of at most 123 bytes whatever was to be told. Each case states the whole reason by hand."""

from close_reason import BYTES_MAX, close_reason

DEDUPE = "client_message_id_dedupe"


def invalid(detail, shown=None):
    """Of the longest kind and feature, which leave 38 bytes for the detail."""
    reason = '{"kind":"feature_param_below_floor","feature":"client_message_id_dedupe","detail":"%s"}'
    return "feature_param_below_floor", DEDUPE, detail, reason % (detail if shown is None else shown)


ROOM = BYTES_MAX - len(invalid("")[3])

CASES = [(name, *case) for name, case in [
    ("whole, with a feature", ("feature_unavailable", "key_epoch", "the broker does not have it", '{"kind":"feature_unavailable","feature":"key_epoch","detail":"the broker does not have it"}')),
    ("whole, without a feature", ("protocol_error", None, "hello came twice", '{"kind":"protocol_error","detail":"hello came twice"}')),
    ("an empty detail", ("slow_consumer", None, "", '{"kind":"slow_consumer","detail":""}')),
    ("an empty detail of a feature", invalid("")),
    ("a detail that just fits", invalid("x" * ROOM)),
    ("a detail of one byte too many", invalid("x" * (ROOM + 1), "x" * ROOM)),
    ("a detail of many bytes too many", invalid("x" * 5000, "x" * ROOM)),
    ("a detail without a feature that just fits", ("kicked", None, "y" * 94, '{"kind":"kicked","detail":"' + "y" * 94 + '"}')),
    ("a detail without a feature of one byte too many", ("kicked", None, "y" * 95, '{"kind":"kicked","detail":"' + "y" * 94 + '"}')),
    ("a space at the cut stays", invalid("x" * (ROOM - 1) + " yz", "x" * (ROOM - 1) + " ")),
    ("quotes count as two bytes", invalid('"' * 40, '\\"' * (ROOM // 2))),
    ("backslashes count as two bytes", invalid("\\" * 40, "\\\\" * (ROOM // 2))),
    ("a quote does not fit where a letter would", invalid("x" * (ROOM - 1) + '"', "x" * (ROOM - 1))),
    ("short escapes", ("kicked", None, "a\b\t\n\f\rb", '{"kind":"kicked","detail":"a\\b\\t\\n\\f\\rb"}')),
    ("long escapes", ("kicked", None, "\x00\x0b\x1f", '{"kind":"kicked","detail":"\\u0000\\u000b\\u001f"}')),
    ("long escapes count as six bytes", invalid("\x01" * 10, "\\u0001" * (ROOM // 6))),
    ("delete and separators are written plain", ("kicked", None, "\x7f\u2028\u2029/", '{"kind":"kicked","detail":"\x7f\u2028\u2029/"}')),
    ("characters of two bytes are cut whole", invalid("\u00e9" * 40, "\u00e9" * (ROOM // 2))),
    ("characters of three bytes are cut whole", invalid("\u20ac" * 40, "\u20ac" * (ROOM // 3))),
    ("characters of four bytes are cut whole", invalid("\U0001f602" * 40, "\U0001f602" * (ROOM // 4))),
    ("a character of four bytes does not fit into three", invalid("x" * (ROOM - 3) + "\U0001f602", "x" * (ROOM - 3))),
    ("a character of three bytes fits into three", invalid("x" * (ROOM - 3) + "\u20ac")),
    ("what joins two characters is a character of its own", invalid("x" * (ROOM - 7) + "\U0001f468\u200d\U0001f469", "x" * (ROOM - 7) + "\U0001f468\u200d")),
    ("a mark on a letter is a character of its own", invalid("x" * (ROOM - 1) + "a\u0301", "x" * (ROOM - 1) + "a")),
    ("a lone high surrogate is escaped", ("kicked", None, "a\ud83d", '{"kind":"kicked","detail":"a\\ud83d"}')),
    ("a lone low surrogate is escaped", ("kicked", None, "\ude02b", '{"kind":"kicked","detail":"\\ude02b"}')),
    ("surrogates in the wrong order are two", ("kicked", None, "\ude02\ud83d", '{"kind":"kicked","detail":"\\ude02\\ud83d"}')),
    ("lone surrogates count as six bytes", invalid("\ud800" * 10, "\\ud800" * (ROOM // 6))),
    ("a lone surrogate does not fit where a pair would", invalid("x" * (ROOM - 4) + "\ud83d", "x" * (ROOM - 4))),
    ("quotes in a feature", ("feature_unavailable", '"\n\\', "d", '{"kind":"feature_unavailable","feature":"\\"\\n\\\\","detail":"d"}')),
    ("a long feature takes the whole detail", ("feature_unavailable", "f" * 76, "away", '{"kind":"feature_unavailable","feature":"' + "f" * 68 + '","detail":""}')),
    ("a long feature that leaves one byte of the detail", ("feature_unavailable", "f" * 67, "away", '{"kind":"feature_unavailable","feature":"' + "f" * 67 + '","detail":"a"}')),
    ("a feature that just fits", ("feature_unavailable", "f" * 68, "away", '{"kind":"feature_unavailable","feature":"' + "f" * 68 + '","detail":""}')),
    ("a long feature of wide characters", ("feature_unavailable", "\u20ac" * 100, "away", '{"kind":"feature_unavailable","feature":"' + "\u20ac" * 22 + '","detail":""}')),
    ("a long feature of lone surrogates", ("feature_unavailable", "\udc00" * 100, "", '{"kind":"feature_unavailable","feature":"' + "\\udc00" * 11 + '","detail":""}')),
]]


def vectors():
    cases = []
    for name, kind, feature, detail, reason in CASES:
        got = close_reason(kind, feature, detail)
        assert got == reason, f"{name}: the table says {reason}, the implementation {got}"
        assert len(reason.encode("utf-8")) <= BYTES_MAX, name
        cases.append({"name": name, "kind": kind, "feature": feature, "detail": detail, "reason": reason})
    assert len({case["name"] for case in cases}) == len(cases), "a name occurs twice"
    return {
        "about": "Reasons of close frames: the exact text, at most 123 bytes of UTF-8. `feature` null: there is none. What is too "
        "long loses whole code points (a lone surrogate is one) from the end of `detail`, when that is empty of `feature`.",
        "cases": cases,
    }
