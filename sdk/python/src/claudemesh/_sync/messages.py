"""Outbox and inbox."""

from __future__ import annotations

from .. import _calls as calls
from .._meta import Meta
from .._types import (
    InboxItem,
    OutboxRow,
    OutboxStatus,
    Priority,
    Undecryptable,
)
from .core import Group, Paged


class Outbox(Group):
    """What this host has to send, and what became of it."""

    def list(
        self,
        *,
        state: OutboxStatus | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Paged[OutboxRow]:
        return self._core.pages(lambda after: calls.outbox_list(state, after, limit), cursor, timeout_s)

    def inspect(self, outbox_id: int, *, timeout_s: float | None = None) -> OutboxRow:
        return self._core.perform(calls.outbox_inspect(outbox_id), timeout_s)

    def requeue(
        self,
        outbox_id: int,
        *,
        new_id: str | None = None,
        message: str | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        priority: Priority | None = None,
        meta: Meta = None,
        timeout_s: float | None = None,
    ) -> OutboxRow:
        """A new row in place of a pending or dead one, under a new id, with what is given here instead of what it said.
        `meta={}` takes its meta away. Not repeated by itself: each call makes another one."""
        call = calls.outbox_requeue(outbox_id, new_id, message, body, content_type, priority, meta)
        return self._core.perform(call, timeout_s)

    def drop(self, outbox_id: int, *, force: bool | None = None, timeout_s: float | None = None) -> OutboxRow:
        """Gives a row up. By force also one whose fate only the broker knows: it may have been sent."""
        return self._core.perform(calls.outbox_drop(outbox_id, force), timeout_s)


class Inbox(Group):
    """What this host has received."""

    def list(
        self,
        *,
        since: int | None = None,
        topic: str | None = None,
        from_: str | None = None,
        agent: str | None = None,
        unread: bool | None = None,
        newest: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Paged[InboxItem]:
        """In order of arrival, or the newest first; `since`: after this inbox_id."""
        return self._core.pages(
            lambda after: calls.inbox_list(since, topic, from_, agent, unread, newest, after, limit), cursor, timeout_s
        )

    def search(
        self, query: str, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> Paged[InboxItem]:
        return self._core.pages(lambda after: calls.inbox_search(query, after, limit), cursor, timeout_s)

    def undecryptable(
        self, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> Paged[Undecryptable]:
        """What was received and cannot be opened, in order of arrival."""
        return self._core.pages(lambda after: calls.inbox_undecryptable(after, limit), cursor, timeout_s)

    def item(self, inbox_id: int, *, timeout_s: float | None = None) -> InboxItem:
        return self._core.perform(calls.inbox_item(inbox_id), timeout_s)

    def mark_read(self, inbox_id: int, *, timeout_s: float | None = None) -> InboxItem:
        return self._core.perform(calls.inbox_mark_read(inbox_id), timeout_s)
