"""Reads the daemon's answers, which are parsed JSON, into typed views."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

from ._errors import ClaudemeshError

T = TypeVar("T")


class View:
    """What the daemon answered. Fields that this version does not know are left out.

    Metadata of a field: `json`, what it is called there; `optional`, it may be absent there, which is None here; and
    for one that may be null too `absent_with`, the field that is told in its place, so that null and absent stay apart.
    """

    def to_json(self) -> dict[str, Any]:
        """As the daemon wrote it, with the fields that this version knows."""
        told: dict[str, Any] = {}
        for each in fields(cast(Any, self)):
            value = getattr(self, each.name)
            if value is None and each.metadata.get("optional", False):
                beside = each.metadata.get("absent_with")
                if beside is None or getattr(self, beside) is not None:
                    continue
            told[each.metadata.get("json", each.name)] = _plain(value)
        return told


def _plain(value: object) -> object:
    if isinstance(value, View):
        return value.to_json()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, object]", value).items()}
    return value


class Reader:
    """Takes the fields of one JSON object. Throws protocol_error for what is not as described."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise _unexpected(what, "an object")
        self._members = cast("dict[str, object]", value)
        self._what = what

    def required(self, name: str, read: Callable[[object], T]) -> T:
        if name not in self._members:
            raise ClaudemeshError(
                "protocol_error",
                f"the daemon's answer has no {self._what}.{name}",
                hint="update the daemon: claudemesh version",
            )
        return read(self._members[name])

    def nullable(self, name: str, read: Callable[[object], T]) -> T | None:
        """None also where an older daemon does not tell of it."""
        value = self._members.get(name)
        return None if value is None else read(value)

    optional = nullable


def _unexpected(what: str, expected: str) -> ClaudemeshError:
    return ClaudemeshError("protocol_error", f"the daemon's answer has something else than {expected} as {what}")


def text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise _unexpected("a text", "a text")


def integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _unexpected("a number", "a whole number")


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _unexpected("a flag", "true or false")


def any_value(value: object) -> Any:
    return value


def array_of(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    def read_items(value: object) -> tuple[T, ...]:
        if isinstance(value, list):
            return tuple(read(item) for item in cast("list[object]", value))
        raise _unexpected("a list", "a list")

    return read_items


def map_of(read: Callable[[object], T]) -> Callable[[object], Mapping[str, T]]:
    def read_members(value: object) -> Mapping[str, T]:
        if isinstance(value, dict):
            return {key: read(item) for key, item in cast("dict[str, object]", value).items()}
        raise _unexpected("an object", "an object")

    return read_members


def bytes_of(body: str) -> bytes:
    """Bytes that stand in JSON as base64url without padding."""
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unexpected("a body", "base64url") from error
