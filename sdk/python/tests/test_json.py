"""The JSON profile: what is taken, how it is written, what is refused and with which code."""

from __future__ import annotations

import collections
import decimal
import enum
import json
import math
import random
import struct
from typing import Any

import pytest

from claudemesh import ClaudemeshError, InvalidRequestError, canonical_json, canonical_meta, parse_json


def refusal(call: Any, *words: Any, **named: Any) -> str:
    with pytest.raises(ClaudemeshError) as caught:
        call(*words, **named)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('{"b":1,"a":2}', '{"a":2,"b":1}'),
        # By UTF-16 code units a character beyond U+FFFF stands before U+FB33.
        ('{"\\ufb33":1,"\\ud83d\\ude00":2}', '{"\U0001f600":2,"\ufb33":1}'),
        (' [ 1 , "\\u0041\\/" ] ', '[1,"A/"]'),
        ('"\\u001f\\u007f\\b"', '"\\u001f\x7f\\b"'),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.0", "1"),
        ("100e-2", "1"),
        ("9007199254740991", "9007199254740991"),
        ("1e21", "1e+21"),
        ("1E30", "1e+30"),
        ("1e-6", "0.000001"),
        ("1.5e-7", "1.5e-7"),
        ("-12e-6", "-0.000012"),
        ("0.00001234", "0.00001234"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("123456.789", "123456.789"),
    ],
)
def test_a_text_has_exactly_one_canonical_form(text: str, canonical: str) -> None:
    assert canonical_json(parse_json(text)) == canonical
    assert canonical_json(parse_json(canonical)) == canonical


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('{"a":1,"a":1}', "duplicate_key"),
        ('{"a":1,"\\u0061":9007199254740992}', "duplicate_key"),
        ("9007199254740992", "number_out_of_range"),
        ("-9007199254740992", "number_out_of_range"),
        ("9007199254740993.0", "number_out_of_range"),
        ("1E20", "number_out_of_range"),
        ("1e400", "number_out_of_range"),
        ("1" * 5_000, "number_out_of_range"),
        ('"\\ud800"', "lone_surrogate"),
        ('{"\\udc00":1}', "lone_surrogate"),
        ('"\ud800"', "lone_surrogate"),
        (b'"\xff"', "invalid_utf8"),
        (b'"\xed\xa0\x80"', "invalid_utf8"),
        (b"\xef\xbb\xbf1", "malformed_json"),
        ("[" * 17 + "]" * 17, "too_deep"),
        ("[" * 100_000, "too_deep"),
        ("", "malformed_json"),
        ("01", "malformed_json"),
        ("1.", "malformed_json"),
        ("9007199254740993.", "malformed_json"),
        ("1e+", "malformed_json"),
        ("NaN", "malformed_json"),
        ("-Infinity", "malformed_json"),
        ("[1,]", "malformed_json"),
        ('{"a":1,}', "malformed_json"),
        ("{a:1}", "malformed_json"),
        ('"\n"', "malformed_json"),
        ('"\\x"', "malformed_json"),
        ('"\\u12g4"', "malformed_json"),
        ('"', "malformed_json"),
        ("1 2", "malformed_json"),
        ("tru", "malformed_json"),
        ("\u0661", "malformed_json"),
        ("\u00a01", "malformed_json"),
    ],
)
def test_what_another_reader_would_read_otherwise_is_refused_with_its_code(source: Any, code: str) -> None:
    assert refusal(parse_json, source) == code


def test_a_pair_of_surrogates_is_one_character_however_its_halves_are_written() -> None:
    assert parse_json('"\\ud83d\\ude00"') == parse_json('"\U0001f600"') == "\U0001f600"
    assert refusal(parse_json, '"\\ude00\\ud83d"') == "lone_surrogate"


def test_a_refusal_of_the_text_says_where() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_json('{"a" 1}')
    assert caught.value.details["at"] == 5


def test_every_double_reads_back_as_it_was_written() -> None:
    source = random.Random(20_261_126)
    written = 0
    for _ in range(20_000):
        value = struct.unpack(">d", source.randbytes(8))[0]
        if not math.isfinite(value):
            continue
        if 2**53 <= abs(value) < 1e21:
            assert refusal(canonical_json, value) == "number_out_of_range"
            continue
        text = canonical_json(value)
        assert float(text) == value
        assert "E" not in text
        assert parse_json(text) == value
        written += 1
    assert written > 18_000


def test_a_canonical_text_means_the_same_to_the_standard_library() -> None:
    source = random.Random(7)
    for _ in range(300):
        value = _random_value(source, 5)
        assert json.loads(canonical_json(value)) == value


def _random_value(source: random.Random, depth: int) -> Any:
    kind = source.randrange(7 if depth > 0 else 5)
    if kind == 0:
        return source.choice([None, True, False])
    if kind == 1:
        return source.randrange(-(2**53) + 1, 2**53)
    if kind == 2:
        return source.uniform(-1e6, 1e6)
    if kind in (3, 4):
        return "".join(source.choices('aé"\\\n\u2028\uffff\U0001f600', k=source.randrange(6)))
    if kind == 5:
        return [_random_value(source, depth - 1) for _ in range(source.randrange(4))]
    return {f"k{source.randrange(50)}\uffff": _random_value(source, depth - 1) for _ in range(source.randrange(4))}


class Colour(enum.IntEnum):
    RED = 7


@pytest.mark.parametrize(
    ("meta", "canonical"),
    [
        (None, ""),
        ({}, ""),
        ("{}", ""),
        ("null", ""),
        ({"b": True, "a": (1, 2.0)}, '{"a":[1,2],"b":true}'),
        ({"n": Colour.RED}, '{"n":7}'),
        (collections.OrderedDict(b=1, a=None), '{"a":null,"b":1}'),
        (collections.ChainMap({"a": 1}), '{"a":1}'),
        ('{"b":1,"a":"\\u00e9"}', '{"a":"é","b":1}'),
        (b'{"a":1e0}', '{"a":1}'),
    ],
)
def test_meta_is_a_value_or_the_text_of_one(meta: Any, canonical: str) -> None:
    assert canonical_meta(meta) == canonical


def holds_itself() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["a"] = [value]
    return value


def shared_without_end() -> dict[str, Any]:
    value: Any = "x"
    for _ in range(14):
        value = [value] * 10
    return {"a": value}


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ({"a": 2**53}, "number_out_of_range"),
        ({"a": -(2**53)}, "number_out_of_range"),
        ({"a": 10**5_000}, "number_out_of_range"),
        ({"a": float(2**53)}, "number_out_of_range"),
        ({"a": math.nan}, "number_out_of_range"),
        ({"a": math.inf}, "number_out_of_range"),
        ({1: "a"}, "invalid_field"),
        ({"a": {None: 1}}, "invalid_field"),
        ({"a": decimal.Decimal(1)}, "invalid_field"),
        ({"a": {1, 2}}, "invalid_field"),
        ({"a": b"x"}, "invalid_field"),
        ({"a": object()}, "invalid_field"),
        ([1], "invalid_field"),
        (7, "invalid_field"),
        ("[1]", "invalid_field"),
        ('"a"', "invalid_field"),
        ({"a": "\ud800"}, "lone_surrogate"),
        ({"\udc00": 1}, "lone_surrogate"),
        (holds_itself(), "too_deep"),
        ({"a": "x" * 8_185}, "meta_too_large"),
        ({"a": "é" * 4_093}, "meta_too_large"),
        (shared_without_end(), "meta_too_large"),
        ("", "malformed_json"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else None,
)
def test_meta_that_others_would_read_otherwise_is_refused(meta: Any, code: str) -> None:
    assert refusal(canonical_meta, meta) == code


def test_meta_may_have_8192_bytes_and_16_levels() -> None:
    assert len(canonical_meta({"a": "x" * 8_184})) == 8_192
    deepest: Any = 1
    for _ in range(15):
        deepest = [deepest]
    assert canonical_meta({"a": deepest}) != ""
    assert refusal(canonical_meta, {"a": [deepest]}) == "too_deep"
