"""Request fingerprints: what tells two requests with one id apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, Literal

from ._errors import ClaudemeshError
from ._json import canonical_json, code_units, utf8
from ._meta import Meta, canonical_meta, with_sender_note
from ._types import Priority, SendAttachment

Kind = Literal["topic", "dm", "queue", "request"]

TEXT_TYPE: Final = "text/plain; charset=utf-8"
BYTES_TYPE: Final = "application/octet-stream"
_KINDS: Final = ("topic", "dm", "queue", "request")
_PRIORITIES: Final = ("now", "next", "low")
_TAG: Final = b"claudemesh:rf:v2"
_CONTENT_VERSION: Final = b"\x01"


def wire_fingerprint(
    version: int,
    *,
    mesh_id: str,
    kind: Kind,
    ref: str,
    reply_to: str = "",
    priority: Priority = "next",
    meta: Meta = None,
    mentions: Iterable[str] = (),
    content_type: str = TEXT_TYPE,
    body: bytes = b"",
) -> bytes:
    """The fingerprint of an envelope, 32 bytes: version 1 is `sha256-jcs-v1`, version 2 `sha256-jcs-v2`, which also
    covers mesh, mentions and content type. `body` is what is sent: the sealed bytes."""
    _check_choices(version, kind, priority)
    return _fingerprint(
        version,
        mesh_id,
        kind,
        ref,
        reply_to,
        priority,
        canonical_meta(meta),
        mentions,
        content_type,
        sha256(body).digest(),
    )


def local_fingerprint(
    mesh_id: str,
    to: str,
    message: str | None = None,
    *,
    body: bytes | None = None,
    content_type: str | None = None,
    priority: Priority = "next",
    meta: Meta = None,
    mentions: Iterable[str] = (),
    reply_to: str = "",
    attachments: Sequence[SendAttachment] = (),
    from_agent: str | None = None,
    hops: int | None = None,
) -> bytes:
    """The fingerprint of a request as its caller wrote it: what a daemon compares when an id comes again, 32 bytes.

    Never sent, since the hash of a short plaintext can be guessed. Of attachments the name and the type must be given.
    """
    content, default_type = content_of(message, body)
    return _fingerprint(
        2,
        mesh_id,
        "request",
        to,
        reply_to,
        priority,
        with_sender_note(canonical_meta(meta), from_agent, hops),
        mentions,
        default_type if content_type is None else content_type,
        _content_hash(content, attachments),
    )


def content_of(message: str | None, body: bytes | None) -> tuple[bytes, str]:
    """The bytes of a message, and the type that they have unless one is named."""
    if message is not None and body is not None:
        raise ClaudemeshError("invalid_field", "message and body are both given", hint="give exactly one of them")
    if message is not None:
        return utf8(message), TEXT_TYPE
    if body is not None:
        return bytes(body), BYTES_TYPE
    raise ClaudemeshError("missing_field", "neither message nor body is given", hint="give exactly one of them")


def _content_hash(content: bytes, attachments: Sequence[SendAttachment]) -> bytes:
    if len(attachments) == 0:
        return sha256(content).digest()
    called: list[dict[str, str]] = []
    for each in attachments:
        name, content_type = each.get("name"), each.get("content_type")
        if name is None or content_type is None:
            raise ClaudemeshError(
                "missing_field",
                "the fingerprint covers the name and the type of each attachment",
                hint="give name and content_type of each",
            )
        called.append({"name": name, "content_type": content_type, "file_id": each["file_id"]})
    listed = canonical_json(called).encode("utf-8")
    return sha256(_CONTENT_VERSION + len(listed).to_bytes(4, "big") + listed + content).digest()


def _fingerprint(
    version: int,
    mesh_id: str,
    kind: str,
    ref: str,
    reply_to: str,
    priority: str,
    meta: str,
    mentions: Iterable[str],
    content_type: str,
    body_hash: bytes,
) -> bytes:
    _check_choices(version, kind, priority)
    mentioned = sorted(set(mentions), key=code_units)
    for text in (mesh_id, ref, reply_to, meta, content_type, *mentioned):
        _refuse_control(text)
        utf8(text)
    if version == 1:
        fields = ("1", kind, ref, reply_to, priority, meta, body_hash.hex())
        return sha256(utf8("\0".join(fields))).digest()
    covered = (mesh_id, "2", kind, ref, reply_to, priority, meta, canonical_json(mentioned), content_type)
    digest = sha256(_TAG)
    for field in (*(utf8(text) for text in covered), body_hash):
        digest.update(len(field).to_bytes(8, "big"))
        digest.update(field)
    return digest.digest()


def _check_choices(version: int, kind: str, priority: str) -> None:
    if version not in (1, 2):
        raise ClaudemeshError("invalid_field", f"there is no fingerprint version {version}")
    if kind not in _KINDS:
        raise ClaudemeshError("invalid_field", f"kind is none of {', '.join(_KINDS)}")
    if priority not in _PRIORITIES:
        raise ClaudemeshError("invalid_field", f"priority is none of {', '.join(_PRIORITIES)}")


def _refuse_control(text: str) -> None:
    # In version 1 a NUL separates the fields, so one inside a field would move its end.
    if any(char < " " for char in text):
        raise ClaudemeshError("control_character", "a field has a control character (U+0000-U+001F)")
