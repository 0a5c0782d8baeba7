"""Which refusal wins where several apply: the first that a reader meets from left to right. It checks a string when it is
complete, a number when its token is complete, a key's duplicate when the key is complete, depth when a bracket opens; what a
meta may be after the whole text, its size last. UTF-8 is checked before, over the whole.
"""

from case_texts import BACKSLASH, escape, nested, sized_meta

REFUSED_VALUES = [
    ("first a duplicate, then a number", '{"a":1,"a":1e400}', "duplicate_key"),
    ("first a number, then a duplicate", '{"a":1e400,"a":1}', "number_out_of_range"),
    ("a duplicate is met at its key, before the colon is missed", '{"a":1,"a" 2}', "duplicate_key"),
    ("a duplicate is met at its key, before the end is missed", '{"a":1,"a"', "duplicate_key"),
    ("a key without end is no duplicate", '{"a":1,"a', "malformed_json"),
    ("a key with a lone surrogate is refused before it can be a duplicate", '{"' + escape("d800") + '":1,"' + escape("d800") + '":2}', "lone_surrogate"),
    ("first a lone surrogate, then a number", '["' + escape("d800") + '",1e400]', "lone_surrogate"),
    ("first a number, then a lone surrogate", '[1e400,"' + escape("d800") + '"]', "number_out_of_range"),
    ("a lone surrogate in a string without end", '"' + escape("d800"), "malformed_json"),
    ("a lone surrogate before an unknown escape in the same string", '"' + escape("d800") + BACKSLASH + 'x"', "malformed_json"),
    ("a lone surrogate before a control character in the same string", '"' + escape("d800") + '\n"', "malformed_json"),
    ("a lone surrogate, then a bracket that closes the other kind", '["' + escape("dc00") + '"}', "lone_surrogate"),
    ("a big integer, then a bracket that closes the other kind", "[9007199254740993}", "number_out_of_range"),
    ("a big integer, then text after the value", "9007199254740993x", "number_out_of_range"),
    ("1e400, then a point", "1e400.", "number_out_of_range"),
    ("a big integer that breaks off at its point is no number", "9007199254740993.", "malformed_json"),
    ("a big integer that breaks off in its exponent is no number", "9007199254740993e", "malformed_json"),
    ("a big fraction that breaks off in its exponent is no number", "[9007199254740993.5E+]", "malformed_json"),
    ("digits without end are a number at the end of the text", "[9007199254740993", "number_out_of_range"),
    ("malformed first, then everything else", '{a:1,"b":1e400,"b":"' + escape("d800") + '"}', "malformed_json"),
    ("a byte order mark first, then a duplicate", '\ufeff{"a":1,"a":2}', "malformed_json"),
    ("too deep first, then malformed", "[" * 17 + "x", "too_deep"),
    ("malformed at depth 16, before it can be too deep", "[" * 16 + "x[", "malformed_json"),
    ("a number at depth 16, before it is too deep", "[" * 16 + "1e400,[", "number_out_of_range"),
    ("too deep before a number inside", nested(17, "[", "]", "1e400"), "too_deep"),
    ("a duplicate key before its value is too deep", '{"a":1,"a":' + nested(17, "[", "]") + "}", "duplicate_key"),
    ("a value too deep before a duplicate", '{"a":' + nested(16, "[", "]") + ',"a":1}', "too_deep"),
    ("a duplicate at the end of a text that is too large", '{"k":"' + "x" * 8192 + '","k":1}', "duplicate_key"),
    ("a number at the end of a text that is too large", '["' + "x" * 8192 + '",1e400]', "number_out_of_range"),
    ("a text that is too large and has no end", '["' + "x" * 8192 + '"', "malformed_json"),
    ("a text that is too large with text after it", '"' + "x" * 8192 + '" x', "malformed_json"),
    ("a lone surrogate at the end of a text that is too large", '"' + "x" * 8192 + escape("d800") + '"', "lone_surrogate"),
]

REFUSED_META = [
    ("an array as meta with a duplicate inside", '[{"a":1,"a":2}]', "duplicate_key"),
    ("an array as meta that is too large", '["' + "x" * 8192 + '"]', "invalid_field"),
    ("an array as meta that is too deep", nested(17, "[", "]"), "too_deep"),
    ("a number as meta that is out of range", "1e400", "number_out_of_range"),
    ("a string as meta with a lone surrogate", '"' + escape("d800") + '"', "lone_surrogate"),
    ("a word as meta that is none", "nil", "malformed_json"),
    ("null as meta with text after it", "null null", "malformed_json"),
    ("meta with a byte order mark", "\ufeff{}", "malformed_json"),
    ("an empty text is no meta", "", "malformed_json"),
    ("meta that is too large with a duplicate at its end", sized_meta(9000)[:-1] + ',"k":1}', "duplicate_key"),
    ("meta of two values", "{}{}", "malformed_json"),
    ("meta with minus zero and a key twice, spelled differently", '{"a":-0,"' + escape("0061") + '":0}', "duplicate_key"),
]

REFUSED_BYTES = [
    ("broken UTF-8 after what is malformed", "7b7bff", "invalid_utf8"),
    ("broken UTF-8 after a duplicate", '{"a":1,"a":2}'.encode("ascii").hex() + "ff", "invalid_utf8"),
    ("broken UTF-8 after a number out of range", "5b31653430302cff5d", "invalid_utf8"),
    ("broken UTF-8 after what is too deep", ("[" * 17).encode("ascii").hex() + "c0", "invalid_utf8"),
    ("broken UTF-8 at the end of a text that is too large", '["'.encode("ascii").hex() + "78" * 8200 + "ff225d", "invalid_utf8"),
    ("broken UTF-8 and a byte order mark", "efbbbfff", "invalid_utf8"),
]
