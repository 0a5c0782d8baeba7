"""Meta of a message: a JSON object that the broker can read and that travels in its canonical form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._codes import META_BYTES_MAX
from ._errors import ClaudemeshError
from ._json import canonical_json, parse_json

#: A dict, or the text of a JSON object; None for none.
Meta = Mapping[str, Any] | str | bytes | None


def canonical_meta(meta: Meta) -> str:
    """The canonical text (RFC 8785) of a message's meta; "" for None and for an object without members.

    `str` and `bytes` are JSON text, anything else is the value itself. Refused with a code from a closed list: what is
    no object, what other languages would read as another value, more than 16 levels, more than 8,192 bytes.
    """
    value: object = parse_json(meta) if isinstance(meta, (str, bytes)) else meta
    if value is None:
        return ""
    if not isinstance(value, Mapping):
        raise ClaudemeshError("invalid_field", "meta must be an object or null", details={"field": "meta"})
    # A text is as large as what it says; a value may hold another one any number of times.
    text = canonical_json(value, values_max=None if isinstance(meta, (str, bytes)) else META_BYTES_MAX)
    check_size(text)
    return "" if text == "{}" else text


def with_sender_note(meta: str, from_agent: str | None, hops: int | None) -> str:
    """The canonical meta as it travels: with what the daemon writes of the sender, under keys that no caller writes."""
    note = {
        **({} if from_agent is None else {"claudemesh.from_agent": from_agent.lower()}),
        **({} if not hops else {"claudemesh.hops": hops}),
    }
    if not note:
        return meta
    own = parse_json(meta or "{}")
    assert isinstance(own, Mapping)
    text = canonical_json({**own, **note})
    check_size(text)
    return text


def check_size(text: str) -> None:
    """Throws meta_too_large."""
    size = len(text) if text.isascii() else len(text.encode("utf-8"))
    if size > META_BYTES_MAX:
        raise ClaudemeshError(
            "meta_too_large",
            f"meta has {size} bytes, at most {META_BYTES_MAX}",
            hint="put large content into the body, or send a file",
        )
