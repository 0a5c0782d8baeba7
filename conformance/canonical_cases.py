"""Cases of the JSON profile. What each must give is written here by hand and checked against the implementation.

`value` cases are any JSON value under the profile (depth <= 16); `meta` cases are a request's meta (object or null, <= 8 KiB).
"""

BACKSLASH = "\\"
ASTRAL = "\U0001f602"
DALET = "\ufb33"


def escape(hex4):
    return BACKSLASH + "u" + hex4


def nested(depth, opening, closing, core=""):
    return opening * depth + core + closing * depth


def nested_objects(depth):
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def sized_meta(size):
    """A canonical meta of exactly so many bytes."""
    return '{"k":"' + "x" * (size - len('{"k":""}')) + '"}'


def sized_wide_meta(size):
    """As above, in characters of three bytes each: bytes count, not characters."""
    room = size - len('{"k":""}')
    return '{"k":"' + "\u20ac" * (room // 3) + "x" * (room % 3) + '"}'


ACCEPTED_VALUES = [
    ("null stands alone", "null", "null"),
    ("true stands alone", "true", "true"),
    ("false stands alone", "false", "false"),
    ("a string stands alone", '"a"', '"a"'),
    ("an empty string", '""', '""'),
    ("an empty array", "[ ]", "[]"),
    ("an empty object", "{\t}", "{}"),
    ("an array keeps its order", "[3, 1,\r\n2]", "[3,1,2]"),
    ("all four kinds of space fall away", ' \t\r\n{ \t\r\n"a" \t\r\n: \t\r\n1 \t\r\n} \t\r\n', '{"a":1}'),
    ("keys are sorted", '{"b":1,"a":2}', '{"a":2,"b":1}'),
    ("keys are sorted at every level", '[{"b":{"d":1,"c":2},"a":3}]', '[{"a":3,"b":{"c":2,"d":1}}]'),
    ("a key sorts before the longer one it begins", '{"ab":1,"a":2,"":3}', '{"":3,"a":2,"ab":1}'),
    ("upper case sorts before lower case", '{"a":1,"B":2,"A":3,"b":4}', '{"A":3,"B":2,"a":1,"b":4}'),
    ("integer-like keys sort as texts", '{"10":1,"9":2,"1":3}', '{"1":3,"10":1,"9":2}'),
    ("integer-like keys mix with others as texts", '{"b":1,"2":2,"-1":3,"01":4}', '{"-1":3,"01":4,"2":2,"b":1}'),
    ("an integer-like key beyond 2^32", '{"4294967296":1,"4294967294":2}', '{"4294967294":2,"4294967296":1}'),
    ("__proto__ is a key like any other", '{"a":1,"__proto__":{"b":2}}', '{"__proto__":{"b":2},"a":1}'),
    ("__proto__ with a scalar survives", '{"__proto__":7}', '{"__proto__":7}'),
    ("constructor and toString are keys like any other", '{"toString":1,"constructor":2}', '{"constructor":2,"toString":1}'),
    ("hasOwnProperty and valueOf are keys like any other", '{"valueOf":0,"hasOwnProperty":0}', '{"hasOwnProperty":0,"valueOf":0}'),
    ("an astral key sorts by its first code unit", '{"' + DALET + '":1,"' + ASTRAL + '":2}', '{"' + ASTRAL + '":2,"' + DALET + '":1}'),
    ("an escaped astral key sorts by its first code unit", '{"' + escape("fb33") + '":1,"' + escape("d83d") + escape("de02") + '":2}', '{"' + ASTRAL + '":2,"' + DALET + '":1}'),
    ("two astral keys sort by their second code unit", '{"\U0001f603":1,"\U0001f602":2}', '{"\U0001f602":2,"\U0001f603":1}'),
    ("keys of one, two, three and four bytes", '{"\U00010000":4,"\u20ac":3,"\u00f6":2,"o":1}', '{"o":1,"\u00f6":2,"\u20ac":3,"\U00010000":4}'),
    ("U+FFFF sorts after every astral character", '{"\uffff":1,"\U0010ffff":2}', '{"\U0010ffff":2,"\uffff":1}'),
    ("equal keys at different levels are no duplicates", '{"a":{"a":1},"b":[{"a":2},{"a":3}]}', '{"a":{"a":1},"b":[{"a":2},{"a":3}]}'),
    ("composed and decomposed letters are two keys", '{"A\u030a":1,"\u00c5":2}', '{"A\u030a":1,"\u00c5":2}'),
    ("no Unicode normalisation", '"A' + escape("030a") + '"', '"A\u030a"'),
    ("a slash is written plain", '"' + BACKSLASH + '/"', '"/"'),
    ("quote and backslash stay escaped", '"' + BACKSLASH + '"' + BACKSLASH * 2 + '"', '"' + BACKSLASH + '"' + BACKSLASH * 2 + '"'),
    ("short escapes are used where they exist", '"' + "".join(map(escape, ["0008", "0009", "000A", "000c", "000D"])) + '"', '"' + BACKSLASH + "b" + BACKSLASH + "t" + BACKSLASH + "n" + BACKSLASH + "f" + BACKSLASH + 'r"'),
    ("other control characters are escaped in lower case", '"' + "".join(map(escape, ["0000", "000B", "001F"])) + '"', '"' + "".join(map(escape, ["0000", "000b", "001f"])) + '"'),
    ("delete and the C1 controls are written plain", '"' + escape("007f") + escape("0080") + '"', '"\x7f\u0080"'),
    ("line and paragraph separators are written plain", '"' + escape("2028") + escape("2029") + '"', '"\u2028\u2029"'),
    ("an escaped pair becomes one character", '"' + escape("D83D") + escape("DE02") + '"', '"' + ASTRAL + '"'),
    ("a byte order mark inside a string is a character", '"\ufeff"', '"\ufeff"'),
    ("noncharacters are characters", '"\ufffe\uffff"', '"\ufffe\uffff"'),
    ("the replacement character itself is no fault", '"\ufffd"', '"\ufffd"'),
    ("zero", "0", "0"),
    ("minus zero becomes zero", "-0", "0"),
    ("minus zero with a fraction becomes zero", "-0.0", "0"),
    ("minus zero with an exponent becomes zero", "-0e+5", "0"),
    ("what is too small for a double becomes zero", "1e-400", "0"),
    ("the smallest double", "4.9e-324", "5e-324"),
    ("the largest double", "1.7976931348623157e308", "1.7976931348623157e+308"),
    ("trailing zeros fall away", "[4.50,1.0,100e-2]", "[4.5,1,1]"),
    ("an exponent in capitals and with a plus", "1E+2", "100"),
    ("the last number written without an exponent downwards", "0.000001", "0.000001"),
    ("the first number written with an exponent downwards", "0.0000001", "1e-7"),
    ("1E21 has an exponent in its canonical form", "1E21", "1e+21"),
    ("1E30 has an exponent in its canonical form", "1E30", "1e+30"),
    ("-1E30 has an exponent in its canonical form", "-1E30", "-1e+30"),
    ("2^53-1 is the largest integer", "9007199254740991", "9007199254740991"),
    ("-(2^53-1) is the smallest integer", "-9007199254740991", "-9007199254740991"),
    ("2^53-1 written with a fraction", "9007199254740991.0", "9007199254740991"),
    ("2^53-1 written with an exponent", "9.007199254740991e15", "9007199254740991"),
    ("the nearest double is taken", "333333333.33333329", "333333333.3333333"),
    ("a tie between doubles goes to the even one", "1424953923781206.25", "1424953923781206.2"),
    ("more digits than a double holds", "0.1000000000000000055511151231257827", "0.1"),
    ("depth 16 of arrays", nested(16, "[", "]"), nested(16, "[", "]")),
    ("depth 16 of objects", nested_objects(16), nested_objects(16)),
    ("depth counts nesting, not length", "[" + ",".join(["[]"] * 40) + "]", "[" + ",".join(["[]"] * 40) + "]"),
]

REFUSED_VALUES = [
    ("nothing at all", "", "malformed_json"),
    ("only space", " \n", "malformed_json"),
    ("two values", "1 2", "malformed_json"),
    ("text after the value", "{}x", "malformed_json"),
    ("a comma before the end of an object", '{"a":1,}', "malformed_json"),
    ("a comma before the end of an array", "[1,]", "malformed_json"),
    ("a comma at the beginning of an array", "[,1]", "malformed_json"),
    ("no comma between items", "[1 2]", "malformed_json"),
    ("no colon", '{"a" 1}', "malformed_json"),
    ("a key without quotes", "{a:1}", "malformed_json"),
    ("a number as a key", "{1:1}", "malformed_json"),
    ("single quotes", "'a'", "malformed_json"),
    ("a comment", "/* */1", "malformed_json"),
    ("an object without end", '{"a":1', "malformed_json"),
    ("an array without end", "[1", "malformed_json"),
    ("a string without end", '"a', "malformed_json"),
    ("a bracket that closes the other kind", "[1}", "malformed_json"),
    ("a word in capitals", "True", "malformed_json"),
    ("a word that goes on", "nullx", "malformed_json"),
    ("half a word", "tru", "malformed_json"),
    ("undefined", "undefined", "malformed_json"),
    ("NaN", "NaN", "malformed_json"),
    ("Infinity", "Infinity", "malformed_json"),
    ("-Infinity", "-Infinity", "malformed_json"),
    ("a leading zero", "01", "malformed_json"),
    ("a leading zero after minus", "-01", "malformed_json"),
    ("a leading plus", "+1", "malformed_json"),
    ("a number that begins with its point", ".5", "malformed_json"),
    ("a number that ends with its point", "1.", "malformed_json"),
    ("an exponent without digits", "1e", "malformed_json"),
    ("minus alone", "-", "malformed_json"),
    ("a hexadecimal number", "0x10", "malformed_json"),
    ("digits of another script", "\u0661", "malformed_json"),
    ("a line break in a string", '"\n"', "malformed_json"),
    ("a tab in a string", '"\t"', "malformed_json"),
    ("a raw NUL in a string", '"\x00"', "malformed_json"),
    ("an unknown escape", '"' + BACKSLASH + 'x41"', "malformed_json"),
    ("an escape in capitals", '"' + BACKSLASH + 'U0041"', "malformed_json"),
    ("an escape of three digits", '"' + BACKSLASH + 'u123"', "malformed_json"),
    ("an escape that is no hexadecimal number", '"' + BACKSLASH + 'u12g4"', "malformed_json"),
    ("an escape with a sign", '"' + BACKSLASH + 'u+123"', "malformed_json"),
    ("a backslash at the end", '"' + BACKSLASH, "malformed_json"),
    ("a no-break space between tokens", "[1,\u00a02]", "malformed_json"),
    ("a vertical tab between tokens", "[1,\x0b2]", "malformed_json"),
    ("a byte order mark", "\ufeff{}", "malformed_json"),
    ("a key twice", '{"a":1,"a":1}', "duplicate_key"),
    ("a key twice, once escaped", '{"a":1,"' + escape("0061") + '":2}', "duplicate_key"),
    ("an empty key twice", '{"":1,"":2}', "duplicate_key"),
    ("a key twice, deep inside", '[[{"x":{"a":1,"b":2,"a":3}}]]', "duplicate_key"),
    ("__proto__ twice", '{"__proto__":1,"__proto__":2}', "duplicate_key"),
    ("an astral key twice, once escaped", '{"' + ASTRAL + '":1,"' + escape("d83d") + escape("de02") + '":2}', "duplicate_key"),
    ("an integer-like key twice", '{"1":1,"0":2,"1":3}', "duplicate_key"),
    ("2^53", "9007199254740992", "number_out_of_range"),
    ("2^53+1", "9007199254740993", "number_out_of_range"),
    ("-(2^53)", "-9007199254740992", "number_out_of_range"),
    ("2^53 written with a fraction", "9007199254740992.0", "number_out_of_range"),
    ("a fraction that rounds to 2^53", "9007199254740991.9", "number_out_of_range"),
    ("2^53 written with an exponent", "9007199254740992e0", "number_out_of_range"),
    ("1E20 is an integer literal in its canonical form", "1E20", "number_out_of_range"),
    ("-1E20 is an integer literal in its canonical form", "-1E20", "number_out_of_range"),
    ("the last integer literal before exponents begin", "999999999999999900000", "number_out_of_range"),
    ("1E30 written as an integer", "1" + "0" * 30, "number_out_of_range"),
    ("1E21 written as an integer", "1" + "0" * 21, "number_out_of_range"),
    ("an integer of four hundred digits", "9" * 400, "number_out_of_range"),
    ("1E400 is no double", "1E400", "number_out_of_range"),
    ("-1E400 is no double", "-1E400", "number_out_of_range"),
    ("just beyond the largest double", "1.7976931348623159e308", "number_out_of_range"),
    ("a big integer deep inside", '{"a":[{"b":18446744073709551615}]}', "number_out_of_range"),
    ("a lone high surrogate", '"' + escape("d83d") + '"', "lone_surrogate"),
    ("a lone low surrogate", '"' + escape("DE02") + '"', "lone_surrogate"),
    ("surrogates in the wrong order", '"' + escape("de02") + escape("d83d") + '"', "lone_surrogate"),
    ("a high surrogate before another character", '"' + escape("d83d") + 'x"', "lone_surrogate"),
    ("a high surrogate, then a pair", '"' + escape("d83d") + escape("d83d") + escape("de02") + '"', "lone_surrogate"),
    ("a lone surrogate in a key", '{"' + escape("dc00") + '":1}', "lone_surrogate"),
    ("depth 17 of arrays", nested(17, "[", "]"), "too_deep"),
    ("depth 17 of objects", nested_objects(17), "too_deep"),
    ("depth 17 of both in turn", '[{"a":' * 8 + "[]" + "}]" * 8, "too_deep"),
    ("depth 200,000", nested(200000, "[", "]"), "too_deep"),
]

# Bytes that are no UTF-8, given in hexadecimal.
REFUSED_BYTES = [
    ("a byte that begins nothing", "22ff22", "invalid_utf8"),
    ("a continuation without a beginning", "228022", "invalid_utf8"),
    ("a sequence cut short by a quote", "22c322", "invalid_utf8"),
    ("a sequence cut short by the end", "22e282", "invalid_utf8"),
    ("an overlong slash of two bytes", "22c0af22", "invalid_utf8"),
    ("an overlong NUL", "22c08022", "invalid_utf8"),
    ("an overlong slash of three bytes", "22e080af22", "invalid_utf8"),
    ("a surrogate in UTF-8", "22eda0bd22", "invalid_utf8"),
    ("a pair of surrogates in UTF-8", "22eda0bdedb88222", "invalid_utf8"),
    ("beyond U+10FFFF", "22f490808022", "invalid_utf8"),
    ("five bytes", "22f88880808022", "invalid_utf8"),
    ("broken UTF-8 in a key", "7b22ff223a317d", "invalid_utf8"),
    ("UTF-16", "fffe7b007d00", "invalid_utf8"),
]

ACCEPTED_META = [
    ("null is no meta", "null", ""),
    ("an empty object is no meta", "{}", ""),
    ("an empty object with space is no meta", " { } ", ""),
    ("a small meta", '{"run":42,"ok":true}', '{"ok":true,"run":42}'),
    ("an empty array inside counts", '{"a":[]}', '{"a":[]}'),
    ("meta of depth 16", nested_objects(16), nested_objects(16)),
    ("meta of 8,192 bytes", sized_meta(8192), sized_meta(8192)),
    ("meta of 8,192 bytes in wide characters", sized_wide_meta(8192), sized_wide_meta(8192)),
    ("meta above 8,192 bytes as written and below in canonical form", '{"k":"' + escape("0061") * 4000 + '"}', '{"k":"' + "a" * 4000 + '"}'),
    ("a control character in meta is escaped", '{"k":"' + escape("0000") + '"}', '{"k":"' + escape("0000") + '"}'),
]

REFUSED_META = [
    ("meta that is an array", "[]", "invalid_field"),
    ("meta that is a string", '"a"', "invalid_field"),
    ("meta that is a number", "1", "invalid_field"),
    ("meta that is true", "true", "invalid_field"),
    ("meta that is false", "false", "invalid_field"),
    ("meta of depth 17", nested_objects(17), "too_deep"),
    ("meta of 8,193 bytes", sized_meta(8193), "meta_too_large"),
    ("meta of 8,193 bytes in wide characters", sized_wide_meta(8193), "meta_too_large"),
    ("meta below 8,192 characters and above 8,192 bytes", '{"k":"' + "\u20ac" * 2800 + '"}', "meta_too_large"),
    ("meta below 8,192 bytes as written and above in canonical form", '{"k":[' + ",".join(["1e-6"] * 1200) + "]}", "meta_too_large"),
    ("a duplicate key in meta", '{"a":{"b":1,"b":2}}', "duplicate_key"),
    ("a big integer in meta", '{"id":12345678901234567890}', "number_out_of_range"),
]
