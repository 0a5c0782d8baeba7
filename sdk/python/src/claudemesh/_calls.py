"""Every operation of the local API as a value: its request, and how its answer is read. Both clients perform these."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote

from ._errors import ClaudemeshError
from ._http import Request, parse_answer, query_text
from ._json import utf8
from ._meta import Meta, canonical_meta
from ._reading import Reader, array_of, integer
from ._reading import text as read_text
from ._types import (
    Attachment,
    ClaimedMessage,
    Compat,
    DeadLetter,
    File,
    Health,
    HistoryItem,
    InboxItem,
    Invite,
    InviteMade,
    KeyHistory,
    LeaseEnded,
    LeaseExtended,
    Member,
    Message,
    OutboxRow,
    OutboxStatus,
    Priority,
    Queue,
    Role,
    SafetyNumber,
    SendAttachment,
    SendResult,
    Topic,
    TopicKey,
    TopicMember,
    Undecryptable,
    Version,
)

T = TypeVar("T")

#: A claim may wait for the broker twice, beside the time that it waits for a message.
_CLAIM_MARGIN_S: Final = 30.0


@dataclass(frozen=True)
class Call(Generic[T]):
    """One operation. `read` takes the answer's bytes."""

    request: Request
    read: Callable[[bytes], T]
    #: Time for it where the caller names none, beside the client's own.
    extra_s: float = 0.0


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    #: Pass as `cursor` for the next page; None at the end.
    next_cursor: str | None

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, kw_only=True)
class SentMessage(SendResult):
    """What a send answered, and the message as it was when its stage was reached."""

    message: Message


def _get(path: str, read: Callable[[object], T], query: Mapping[str, object] | None = None) -> Call[T]:
    request = Request("GET", path + query_text(query or {}), repeatable=True)
    return Call(request, lambda answer: read(parse_answer(answer)))


def _post(
    path: str,
    body: Mapping[str, object] | bytes,
    read: Callable[[object], T],
    *,
    repeatable: bool,
    extra_s: float = 0.0,
) -> Call[T]:
    written = body if isinstance(body, bytes) else _json_bytes(body)
    return Call(
        Request("POST", path, body=written, repeatable=repeatable),
        lambda answer: read(parse_answer(answer)),
        extra_s,
    )


def _json_bytes(body: Mapping[str, object]) -> bytes:
    """What is None is left out: absent and null are two things to the daemon."""
    given = {name: value for name, value in body.items() if value is not None}
    try:
        return utf8(json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except (TypeError, ValueError) as error:
        if isinstance(error, ClaudemeshError):
            raise
        raise ClaudemeshError("invalid_field", f"the request is no JSON: {error}") from error


def _page_of(read: Callable[[object], T]) -> Callable[[object], Page[T]]:
    def read_page(value: object) -> Page[T]:
        members = Reader(value, "page")
        return Page(members.required("items", array_of(read)), members.nullable("next_cursor", read_text))

    return read_page


def _items_of(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    return lambda value: Reader(value, "list").required("items", array_of(read))


def _segment(text: str) -> str:
    # A segment of dots alone would be taken for a folder by whatever stands between.
    return re.sub(r"^\.+$", lambda dots: dots.group().replace(".", "%2E"), quote(utf8(text), safe=""))


# Messages


def new_id() -> str:
    """A UUIDv7 (RFC 9562): made before the first attempt, so that every retry carries the same."""
    made = bytearray(int(time.time() * 1_000).to_bytes(6, "big") + os.urandom(10))
    made[6] = 0x70 | made[6] & 0x0F
    made[8] = 0x80 | made[8] & 0x3F
    text = made.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def send(
    to: str,
    message: str | None,
    body: bytes | None,
    content_type: str | None,
    priority: Priority | None,
    meta: Meta,
    mentions: Sequence[str] | None,
    reply_to: str | None,
    id: str | None,
    attachments: Sequence[SendAttachment] | None,
    from_agent: str | None,
    hops: int | None,
) -> Call[SendResult]:
    if isinstance(mentions, str):
        raise ClaudemeshError("invalid_field", "mentions is a list of addresses", details={"field": "mentions"})
    written = {
        "to": to,
        "message": message,
        "body": None if body is None else base64url(body),
        "content_type": content_type,
        "priority": priority,
        "mentions": None if mentions is None else list(mentions),
        "reply_to": reply_to,
        "client_message_id": new_id() if id is None else id,
        "attachments": None if attachments is None else list(attachments),
        "from_agent": from_agent,
        "hops": hops,
    }
    return _post("/v1/send", _with_meta(_json_bytes(written), meta), SendResult.from_json, repeatable=True)


def answered_to(item: InboxItem) -> str:
    """By the sender's id, which outlives a change of its name, and to the agent that sent."""
    return f"@{item.from_.member_id}" + ("" if item.from_.agent is None else f"/{item.from_.agent}")


def answers_as_member(error: ClaudemeshError, from_agent: str | None) -> bool:
    """Whether the agent that the message named is none of this member's, and nobody asked for that one."""
    return error.code == "unknown_agent" and from_agent is None


def _with_meta(body: bytes, meta: Meta) -> bytes:
    """The canonical text itself: no second writer says it otherwise."""
    text = canonical_meta(meta)
    if text == "":
        return body
    comma = b"" if body == b"{}" else b","
    return body[:-1] + comma + b'"meta":' + text.encode("utf-8") + b"}"


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def message(id: str | int) -> Call[Message]:
    return _get(f"/v1/messages/{_segment(str(id))}", Message.from_json)


# Outbox


def outbox_list(state: OutboxStatus | None, cursor: str | None, limit: int | None) -> Call[Page[OutboxRow]]:
    return _get("/v1/outbox", _page_of(OutboxRow.from_json), {"state": state, "cursor": cursor, "limit": limit})


def outbox_inspect(outbox_id: int) -> Call[OutboxRow]:
    return _get(f"/v1/outbox/{int(outbox_id)}", OutboxRow.from_json)


def outbox_requeue(
    outbox_id: int,
    new_id: str | None,
    message: str | None,
    body: bytes | None,
    content_type: str | None,
    priority: Priority | None,
    meta: Meta,
) -> Call[OutboxRow]:
    changed = _json_bytes(
        {
            "message": message,
            "body": None if body is None else base64url(body),
            "content_type": content_type,
            "priority": priority,
        }
    )
    # An object without members takes the old meta away, which None does not.
    if meta is not None:
        patched = _with_meta(changed, meta)
        changed = (
            patched if patched != changed else changed[:-1] + (b"" if changed == b"{}" else b",") + b'"meta":null}'
        )
    head = _json_bytes({"new_id": new_id})
    if changed != b"{}":
        head = head[:-1] + (b"" if head == b"{}" else b",") + b'"patch":' + changed + b"}"
    return _post(f"/v1/outbox/{int(outbox_id)}/requeue", head, OutboxRow.from_json, repeatable=False)


def outbox_drop(outbox_id: int, force: bool | None) -> Call[OutboxRow]:
    return _post(f"/v1/outbox/{int(outbox_id)}/drop", {"force": force}, OutboxRow.from_json, repeatable=False)


# Inbox and history


def inbox_list(
    since: int | None,
    topic: str | None,
    from_: str | None,
    agent: str | None,
    unread: bool | None,
    newest: bool | None,
    cursor: str | None,
    limit: int | None,
) -> Call[Page[InboxItem]]:
    query = {
        "since": since,
        "topic": topic,
        "from": from_,
        "agent": agent,
        "unread": unread,
        "newest": newest,
        "cursor": cursor,
        "limit": limit,
    }
    return _get("/v1/inbox", _page_of(InboxItem.from_json), query)


def inbox_search(query: str, cursor: str | None, limit: int | None) -> Call[Page[InboxItem]]:
    return _get("/v1/inbox/search", _page_of(InboxItem.from_json), {"q": query, "cursor": cursor, "limit": limit})


def inbox_undecryptable(cursor: str | None, limit: int | None) -> Call[Page[Undecryptable]]:
    return _get("/v1/inbox/undecryptable", _page_of(Undecryptable.from_json), {"cursor": cursor, "limit": limit})


def inbox_item(inbox_id: int) -> Call[InboxItem]:
    return _get(f"/v1/inbox/{int(inbox_id)}", InboxItem.from_json)


def inbox_mark_read(inbox_id: int) -> Call[InboxItem]:
    return _post(f"/v1/inbox/{int(inbox_id)}/read", {}, InboxItem.from_json, repeatable=True)


def mentions(newest: bool | None, cursor: str | None, limit: int | None) -> Call[Page[InboxItem]]:
    return _get("/v1/mentions", _page_of(InboxItem.from_json), {"newest": newest, "cursor": cursor, "limit": limit})


def history(address: str, cursor: str | None, limit: int | None) -> Call[Page[HistoryItem]]:
    query = {"address": address, "cursor": cursor, "limit": limit}
    return _get("/v1/history", _page_of(HistoryItem.from_json), query)


def mention_history(cursor: str | None, limit: int | None) -> Call[Page[HistoryItem]]:
    return _get("/v1/history/mentions", _page_of(HistoryItem.from_json), {"cursor": cursor, "limit": limit})


# Topics


def _topic(name: str, part: str) -> str:
    return f"/v1/topics/{_segment(name.removeprefix('#'))}/{part}"


def topic_list() -> Call[tuple[Topic, ...]]:
    return _get("/v1/topics", _items_of(Topic.from_json))


def topic_create(name: str) -> Call[Topic]:
    return _post("/v1/topics", {"name": name.removeprefix("#")}, Topic.from_json, repeatable=False)


def topic_join(name: str) -> Call[Topic]:
    return _post(_topic(name, "subscribe"), {}, Topic.from_json, repeatable=True)


def topic_leave(name: str) -> Call[Topic]:
    return _post(_topic(name, "unsubscribe"), {}, Topic.from_json, repeatable=True)


def topic_members(name: str) -> Call[tuple[TopicMember, ...]]:
    return _get(_topic(name, "members"), _items_of(TopicMember.from_json))


def topic_rotate(name: str, history: KeyHistory | None) -> Call[TopicKey]:
    return _post(_topic(name, "rotate"), {"history": history}, TopicKey.from_json, repeatable=False)


# Queues


def _queue(name: str, part: str = "") -> str:
    return f"/v1/queues/{_segment(name.removeprefix('queue:'))}{part}"


def queue_list() -> Call[tuple[Queue, ...]]:
    return _get("/v1/queues", _items_of(Queue.from_json))


def queue_create(name: str, deliveries_max: int | None) -> Call[Queue]:
    body = {"name": name.removeprefix("queue:"), "deliveries_max": deliveries_max}
    return _post("/v1/queues", body, Queue.from_json, repeatable=False)


def queue_show(name: str) -> Call[Queue]:
    return _get(_queue(name), Queue.from_json)


def queue_rotate(name: str, history: KeyHistory | None) -> Call[TopicKey]:
    return _post(_queue(name, "/rotate"), {"history": history}, TopicKey.from_json, repeatable=False)


def queue_delete(name: str, force: bool | None) -> Call[str]:
    def read(value: object) -> str:
        return Reader(value, "queue").required("name", read_text)

    return _post(_queue(name, "/delete"), {"force": force}, read, repeatable=False)


def queue_claim(
    name: str, limit: int | None, lease_s: int | None, wait_s: int | None
) -> Call[tuple[ClaimedMessage, ...]]:
    return _post(
        _queue(name, "/claim"),
        {"limit": limit, "lease_s": lease_s, "wait_s": wait_s},
        _items_of(ClaimedMessage.from_json),
        # What a lost answer held comes again once its lease is over.
        repeatable=False,
        extra_s=(wait_s or 0) + _CLAIM_MARGIN_S,
    )


def queue_ack(name: str, lease_id: str) -> Call[LeaseEnded]:
    return _post(_queue(name, "/ack"), {"lease_id": lease_id}, LeaseEnded.from_json, repeatable=True)


def queue_nack(name: str, lease_id: str, delay_s: int | None, reason: str | None) -> Call[LeaseEnded]:
    body = {"lease_id": lease_id, "delay_s": delay_s, "reason": reason}
    return _post(_queue(name, "/nack"), body, LeaseEnded.from_json, repeatable=False)


def queue_extend(name: str, lease_id: str, lease_s: int | None) -> Call[LeaseExtended]:
    body = {"lease_id": lease_id, "lease_s": lease_s}
    return _post(_queue(name, "/extend"), body, LeaseExtended.from_json, repeatable=True)


def queue_dead(name: str, cursor: str | None, limit: int | None) -> Call[Page[DeadLetter]]:
    return _get(_queue(name, "/dead"), _page_of(DeadLetter.from_json), {"cursor": cursor, "limit": limit})


def queue_requeue(name: str, history_ids: Sequence[int] | None) -> Call[int]:
    def read(value: object) -> int:
        return Reader(value, "requeue").required("requeued", integer)

    body = {"history_ids": None if history_ids is None else list(history_ids)}
    return _post(_queue(name, "/requeue"), body, read, repeatable=False)


# Members and invites


def members(ended: bool | None) -> Call[tuple[Member, ...]]:
    return _get("/v1/members", _items_of(Member.from_json), {"ended": ended})


def safety_number(member: str) -> Call[SafetyNumber]:
    return _get(f"/v1/members/{_segment(member)}/safety-number", SafetyNumber.from_json)


def invite_create(
    expires_in_s: int | None, uses: int | None, role: Role | None, address: str | None
) -> Call[InviteMade]:
    body = {"expires_in_s": expires_in_s, "uses": uses, "role": role, "address": address}
    return _post("/v1/invites", body, InviteMade.from_json, repeatable=False)


def invite_list() -> Call[tuple[Invite, ...]]:
    return _get("/v1/invites", _items_of(Invite.from_json))


def invite_revoke(invite_id: str) -> Call[Invite]:
    return _post(f"/v1/invites/{_segment(invite_id)}/revoke", {}, Invite.from_json, repeatable=True)


# Files


def file_put(name: str, length: int, content_type: str | None) -> Call[File]:
    path = "/v1/files" + query_text({"name": name, "content_type": content_type})
    return Call(Request("POST", path, length=length), lambda answer: File.from_json(parse_answer(answer)))


def _brought_by(
    inbox_id: int | None, history: tuple[str, int] | None, lease: tuple[str, str] | None
) -> dict[str, object]:
    if [inbox_id, history, lease].count(None) != 2:
        raise ClaudemeshError("usage", "one message is meant", hint="give exactly one of inbox_id, history and lease")
    if history is not None:
        return {"address": history[0], "history_id": int(history[1])}
    if lease is not None:
        return {"queue": lease[0], "lease_id": lease[1]}
    return {"inbox_id": int(cast(int, inbox_id))}


def file_list(
    inbox_id: int | None, history: tuple[str, int] | None, lease: tuple[str, str] | None
) -> Call[tuple[Attachment, ...]]:
    return _get("/v1/files", _items_of(Attachment.from_json), _brought_by(inbox_id, history, lease))


def file_take(
    file_id: str,
    inbox_id: int | None,
    history: tuple[str, int] | None,
    lease: tuple[str, str] | None,
    start: int,
) -> Request:
    query = {**_brought_by(inbox_id, history, lease), "from": int(start)}
    return Request("GET", f"/v1/files/{_segment(file_id)}{query_text(query)}")


# The daemon itself


def health() -> Call[Health]:
    return _get("/v1/health", Health.from_json)


def version() -> Call[Version]:
    return _get("/v1/version", Version.from_json)


def compat() -> Call[Compat]:
    return _get("/v1/compat", Compat.from_json)


def metrics() -> Call[str]:
    return Call(Request("GET", "/v1/metrics", repeatable=True), lambda answer: answer.decode("utf-8", "replace"))


def shutdown() -> Call[None]:
    def read(_value: Any) -> None:
        return None

    return _post("/v1/shutdown", {}, read, repeatable=False)
