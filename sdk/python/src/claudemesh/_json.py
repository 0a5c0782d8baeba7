"""JSON as claudemesh takes it: a parser that sees what `json.loads` hides, and the canonical form of RFC 8785.

`json.loads` lets duplicate keys, integers beyond what others can hold, `NaN`, infinities and lone surrogates through,
and two programs that each read something else from the same text are a hole. What is refused has a code from a closed
list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final, Union, cast

from ._codes import META_DEPTH_MAX
from ._errors import ClaudemeshError

JsonValue = Union[None, bool, int, float, str, "list[JsonValue]", "dict[str, JsonValue]"]

SAFE_INTEGER_MAX: Final = 2**53 - 1
#: No integer that others can hold has more digits; longer ones are not even converted, which takes quadratic time.
_SAFE_DIGITS_MAX: Final = 16
#: From here on ECMAScript writes an exponent, so that the text is no integer literal.
_EXPONENT_FROM: Final = 1e21

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
#: What a string may hold unescaped, up to the next quote or backslash.
_PLAIN_RUN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_HEX4: Final = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final[tuple[tuple[str, JsonValue], ...]] = (("true", True), ("false", False), ("null", None))

_quote: Final = json.JSONEncoder(ensure_ascii=False).encode


def parse_json(source: str | bytes, *, depth_max: int = META_DEPTH_MAX) -> JsonValue:
    """A JSON text of the profile. Throws malformed_json, duplicate_key, number_out_of_range, invalid_utf8,
    lone_surrogate or too_deep, whichever is met first from left to right."""
    if isinstance(source, str):
        text = source
    else:
        try:
            text = source.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ClaudemeshError("invalid_utf8", "the text is not UTF-8") from error
    parser = _Parser(text, depth_max)
    return parser.document()


class _Parser:
    """One pass of recursive descent over a text; the depth is bounded, so the stack is."""

    def __init__(self, text: str, depth_max: int) -> None:
        self._text = text
        self._depth_max = depth_max
        self._at = 0

    def document(self) -> JsonValue:
        self._space()
        value = self._value(0)
        self._space()
        if self._at < len(self._text):
            raise self._malformed("text after the value")
        return value

    def _value(self, depth: int) -> JsonValue:
        first = self._text[self._at : self._at + 1]
        if first == '"':
            return self._string()
        if first == "{":
            return self._object(self._entered(depth))
        if first == "[":
            return self._array(self._entered(depth))
        if first and first in "tfn":
            for word, meaning in _WORDS:
                if self._text.startswith(word, self._at):
                    self._at += len(word)
                    return meaning
        return self._number()

    def _entered(self, depth: int) -> int:
        if depth + 1 > self._depth_max:
            raise ClaudemeshError("too_deep", f"nested deeper than {self._depth_max}")
        self._at += 1
        return depth + 1

    def _object(self, depth: int) -> JsonValue:
        members: dict[str, JsonValue] = {}
        self._space()
        if self._took("}"):
            return members
        while True:
            if self._text[self._at : self._at + 1] != '"':
                raise self._malformed("a key in quotes expected")
            key = self._string()
            if key in members:
                raise ClaudemeshError("duplicate_key", f"key {key[:80]!r} occurs twice")
            self._space()
            if not self._took(":"):
                raise self._malformed("':' expected")
            self._space()
            members[key] = self._value(depth)
            self._space()
            if self._took("}"):
                return members
            if not self._took(","):
                raise self._malformed("',' or '}' expected")
            self._space()

    def _array(self, depth: int) -> JsonValue:
        items: list[JsonValue] = []
        self._space()
        if self._took("]"):
            return items
        while True:
            items.append(self._value(depth))
            self._space()
            if self._took("]"):
                return items
            if not self._took(","):
                raise self._malformed("',' or ']' expected")
            self._space()

    def _string(self) -> str:
        text = self._text
        run = cast("re.Match[str]", _PLAIN_RUN.match(text, self._at + 1))
        self._at = run.end()
        if text[self._at : self._at + 1] == '"':
            self._at += 1
            return _well_formed(run.group())
        parts = [run.group()]
        while True:
            stop = text[self._at : self._at + 1]
            if stop == '"':
                break
            if stop != "\\":
                raise self._malformed("control character in a string" if stop else "string without end")
            parts.append(self._escape())
            run = cast("re.Match[str]", _PLAIN_RUN.match(text, self._at))
            parts.append(run.group())
            self._at = run.end()
        self._at += 1
        return _well_formed("".join(parts))

    def _escape(self) -> str:
        letter = self._text[self._at + 1 : self._at + 2]
        if letter == "u":
            digits = _HEX4.match(self._text, self._at + 2)
            if digits is None:
                raise self._malformed("\\u needs four hex digits")
            self._at += 6
            return chr(int(digits.group(), 16))
        meant = _ESCAPES.get(letter)
        if meant is None:
            raise self._malformed("unknown escape")
        self._at += 2
        return meant

    def _number(self) -> int | float:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._malformed("a value expected")
        self._at = found.end()
        fraction, exponent = found.groups()
        # A fraction or an exponent that breaks off: what stands before it is not the number that was meant.
        after = self._text[self._at : self._at + 1]
        if exponent is None and after and after in ("eE" if fraction is not None else ".eE"):
            raise self._malformed("a number breaks off")
        token = found.group()
        if fraction is None and exponent is None:
            return _integer(token)
        value = float(token)
        check_number(value)
        return value

    def _space(self) -> None:
        if self._text[self._at : self._at + 1] in " \t\n\r":
            self._at = cast("re.Match[str]", _SPACE.match(self._text, self._at)).end()

    def _took(self, char: str) -> bool:
        if self._text[self._at : self._at + 1] != char:
            return False
        self._at += 1
        return True

    def _malformed(self, what: str) -> ClaudemeshError:
        return ClaudemeshError("malformed_json", f"not JSON at character {self._at}: {what}", details={"at": self._at})


def _integer(token: str) -> int:
    if len(token) - token.startswith("-") <= _SAFE_DIGITS_MAX:
        value = int(token)
        if -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX:
            return value
    raise _too_large(token[:40])


def _too_large(text: str) -> ClaudemeshError:
    return ClaudemeshError("number_out_of_range", f"integer {text} is beyond ±(2^53-1)", hint="send it as a string")


def check_number(value: int | float) -> None:
    """Refuses what is not finite, and what would be written as an integer that others cannot hold."""
    if -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX:
        return
    if value != value or value in (float("inf"), float("-inf")):
        raise ClaudemeshError("number_out_of_range", "number is not finite")
    if isinstance(value, int) or abs(value) < _EXPONENT_FROM:
        # Converting a huge integer to decimal takes quadratic time, and Python refuses it from some length on.
        raise _too_large(f"of {value.bit_length()} bits" if isinstance(value, int) else repr(value))


def _well_formed(text: str) -> str:
    """Halves of a pair that were written as two escapes become one character; a half alone is refused."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        pass
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise ClaudemeshError("lone_surrogate", "string has a lone surrogate") from error


def number_text(value: int | float) -> str:
    """As ECMAScript writes it, from the shortest digits that read back as the same number."""
    check_number(value)
    if isinstance(value, int):
        return int.__repr__(value)
    text = float.__repr__(value)
    if text.endswith(".0"):
        return "0" if value == 0 else text[:-2]
    mantissa, e, power = text.partition("e")
    if not e:
        return text
    exponent = int(power)
    if exponent >= 0:
        return f"{mantissa}e+{exponent}"
    if exponent < -6:
        return f"{mantissa}e{exponent}"
    sign = "-" if mantissa.startswith("-") else ""
    return f"{sign}0.{'0' * (-exponent - 1)}{mantissa.lstrip('-').replace('.', '')}"


def canonical_json(value: object, *, depth_max: int = META_DEPTH_MAX, values_max: int | None = None) -> str:
    """RFC 8785: keys by UTF-16 code units, numbers as ECMAScript prints them, shortest escapes.

    Takes dicts, lists, tuples, texts, numbers, booleans and None, and refuses what another language would read
    otherwise: integers beyond ±(2^53-1), NaN, infinities, lone surrogates; keys that are no text and values of other
    types (invalid_field); what is nested deeper than `depth_max`, which also ends what holds itself. With more than
    `values_max` values it is meta_too_large, however often a value is shared.
    """
    return _Writer(depth_max, values_max).text(value, 0)


class _Writer:
    def __init__(self, depth_max: int, values_max: int | None) -> None:
        self._depth_max = depth_max
        self._values_left = values_max

    def text(self, value: object, depth: int) -> str:
        if self._values_left is not None:
            self._values_left -= 1
            if self._values_left < 0:
                raise ClaudemeshError("meta_too_large", "meta has too many values", hint="put it into the body")
        if isinstance(value, str):
            return _string_text(value)
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return number_text(value)
        if isinstance(value, (dict, Mapping)):
            return self._object(cast("Mapping[object, object]", value), self._entered(depth))
        if isinstance(value, (list, tuple)):
            inner = self._entered(depth)
            return "[" + ",".join([self.text(item, inner) for item in cast("list[object]", value)]) + "]"
        raise ClaudemeshError(
            "invalid_field",
            f"a value of type {type(value).__name__} is no JSON",
            hint="convert it to a text, a number, a list or a dict",
        )

    def _entered(self, depth: int) -> int:
        if depth + 1 > self._depth_max:
            raise ClaudemeshError("too_deep", f"nested deeper than {self._depth_max}")
        return depth + 1

    def _object(self, members: Mapping[object, object], depth: int) -> str:
        keys: list[str] = []
        for key in members:
            if not isinstance(key, str):
                raise ClaudemeshError(
                    "invalid_field",
                    f"a key of type {type(key).__name__} is no JSON",
                    hint="keys are texts",
                )
            keys.append(key)
        keys.sort(key=None if all(map(str.isascii, keys)) else code_units)
        return "{" + ",".join([f"{_string_text(key)}:{self.text(members[key], depth)}" for key in keys]) + "}"


def utf8(text: str) -> bytes:
    """Throws lone_surrogate for a text that cannot travel."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ClaudemeshError("lone_surrogate", "string has a lone surrogate") from error


def code_units(text: str) -> bytes:
    """Compares as the UTF-16 code units of a text do."""
    return text.encode("utf-16-be", "surrogatepass")


def _string_text(text: str) -> str:
    if not text.isascii():
        utf8(text)
    return _quote(text)
