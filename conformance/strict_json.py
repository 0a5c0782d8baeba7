"""The JSON profile of claudemesh and RFC 8785, written from the texts and without the product's code.

A parser that sees what `json.loads` hides (duplicate keys, integers beyond +-(2^53-1), lone surrogates, broken UTF-8),
and a canonicalizer whose numbers follow ECMAScript's Number::toString from the shortest digits that Python prints.
"""

import re
import sys
from decimal import Decimal

DEPTH_MAX = 16
CANONICAL_BYTES_MAX = 8192
SAFE_INTEGER_MAX = 2**53 - 1

# Deep and long inputs are cases of their own; Python's own guards must not answer for the profile.
sys.setrecursionlimit(20000)
sys.set_int_max_str_digits(0)

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
HEX4 = re.compile(r"[0-9a-fA-F]{4}")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WORDS = {"true": True, "false": False, "null": None}


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


def parse(source, depth_max=DEPTH_MAX):
    """Bytes, or a text that may hold lone surrogates, to Python values; dicts keep every key, since a Python dict has no prototype."""
    reader = _Reader(_decoded(source) if isinstance(source, bytes) else source, depth_max)
    reader.space()
    value = reader.value(0)
    reader.space()
    if reader.at != len(reader.text):
        raise Refused("malformed_json")
    return value


def _decoded(source):
    try:
        return source.decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        raise Refused("invalid_utf8") from None


def canonical(value):
    """RFC 8785 text of any JSON value."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    # Bytes of big-endian UTF-16 compare as the code units do, which is the order that section 3.2.3 asks for.
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(_string(key) + ":" + canonical(value[key]) for key in keys) + "}"


def canonical_value(source):
    """Canonical text of any JSON value, with the refusals of the profile: size comes last."""
    return _bounded(canonical(parse(source)))


def canonical_meta(source):
    """Canonical text of a request's meta: an object or null, bounded; empty for null and {}."""
    value = parse(source)
    if value is None:
        return ""
    if not isinstance(value, dict):
        raise Refused("invalid_field")
    return _bounded(canonical(value)) if value else ""


def _bounded(text):
    if len(text.encode("utf-8")) > CANONICAL_BYTES_MAX:
        raise Refused("meta_too_large")
    return text


def ecmascript_number(value):
    """Number::toString(value, 10) of ECMA-262 section 6.1.6.1.20."""
    if value == 0:
        return "0"
    if value < 0:
        return "-" + ecmascript_number(-value)
    _, digit_tuple, exponent = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, digit_tuple))
    point = len(digits) + exponent
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    sign = "+" if power > 0 else "-"
    fraction = "" if count == 1 else "." + digits[1:]
    return digits[0] + fraction + "e" + sign + str(abs(power))


def number_text(value):
    if value != value or value in (float("inf"), float("-inf")):
        raise Refused("number_out_of_range")
    text = ecmascript_number(value)
    if re.fullmatch(r"-?[0-9]+", text) and abs(int(text)) > SAFE_INTEGER_MAX:
        raise Refused("number_out_of_range")
    return text


def _string(text):
    out = ['"']
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    for char in text:
        if char in short:
            out.append(short[char])
        elif ord(char) < 0x20:
            out.append("\\u%04x" % ord(char))
        else:
            out.append(char)
    out.append('"')
    return "".join(out)


class _Reader:
    def __init__(self, text, depth_max):
        self.text = text
        self.depth_max = depth_max
        self.at = 0

    def peek(self):
        return self.text[self.at] if self.at < len(self.text) else ""

    def space(self):
        while self.peek() and self.peek() in " \t\n\r":
            self.at += 1

    def expect(self, char):
        if self.peek() != char:
            raise Refused("malformed_json")
        self.at += 1

    def value(self, depth):
        first = self.peek()
        if first == "{" or first == "[":
            if depth + 1 > self.depth_max:
                raise Refused("too_deep")
            self.at += 1
            return self.members(depth + 1) if first == "{" else self.items(depth + 1)
        if first == '"':
            return self.string()
        for word, meaning in WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        return self.number()

    def members(self, depth):
        found = {}
        self.space()
        if self.peek() == "}":
            self.at += 1
            return found
        while True:
            self.space()
            if self.peek() != '"':
                raise Refused("malformed_json")
            key = self.string()
            if key in found:
                raise Refused("duplicate_key")
            self.space()
            self.expect(":")
            self.space()
            found[key] = self.value(depth)
            self.space()
            if self.peek() != ",":
                self.expect("}")
                return found
            self.at += 1

    def items(self, depth):
        found = []
        self.space()
        if self.peek() == "]":
            self.at += 1
            return found
        while True:
            self.space()
            found.append(self.value(depth))
            self.space()
            if self.peek() != ",":
                self.expect("]")
                return found
            self.at += 1

    def string(self):
        self.expect('"')
        out = []
        while True:
            char = self.peek()
            if char == "" or char < " ":
                raise Refused("malformed_json")
            self.at += 1
            if char == '"':
                break
            out.append(self.escape() if char == "\\" else char)
        # A pair of escapes is one character; the half of a pair is none.
        units = "".join(out).encode("utf-16-le", "surrogatepass")
        try:
            return units.decode("utf-16-le")
        except UnicodeDecodeError:
            raise Refused("lone_surrogate") from None

    def escape(self):
        letter = self.peek()
        self.at += 1
        if letter in ESCAPES:
            return ESCAPES[letter]
        digits = self.text[self.at : self.at + 4]
        if letter != "u" or not HEX4.fullmatch(digits):
            raise Refused("malformed_json")
        self.at += 4
        return chr(int(digits, 16))

    def number(self):
        found = NUMBER.match(self.text, self.at)
        if found is None:
            raise Refused("malformed_json")
        self.at = found.end()
        # A token that breaks off inside its fraction or exponent is none: its digits are not judged before.
        begins = "" if found.group(2) else "eE" if found.group(1) else ".eE"
        if self.peek() and self.peek() in begins:
            raise Refused("malformed_json")
        token = found.group()
        if found.group(1) is None and found.group(2) is None and abs(int(token)) > SAFE_INTEGER_MAX:
            raise Refused("number_out_of_range")
        value = float(token)
        number_text(value)
        return value
