"""Performs calls, with their retries and their time; lists page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from .._calls import Call, Page
from .._deadline import Deadline
from .._errors import ClaudemeshError
from .._retry import Retry
from .transport import SocketTransport

T = TypeVar("T")


class Paged(Generic[T]):
    """A page of a list; iterated, every item of it and of the pages after it, which are asked for when needed."""

    def __init__(self, ask: Callable[[str | None], Page[T]], cursor: str | None) -> None:
        self._ask = ask
        self._first = ask(cursor)

    @property
    def items(self) -> tuple[T, ...]:
        """What this page has."""
        return self._first.items

    @property
    def next_cursor(self) -> str | None:
        """Pass as `cursor` for the next page; None at the end."""
        return self._first.next_cursor

    def __iter__(self) -> Iterator[T]:
        page = self._first
        yield from page.items
        while page.next_cursor is not None:
            page = self._ask(page.next_cursor)
            yield from page.items


class Core:
    """Performs calls, with their retries and their time."""

    def __init__(self, transport: SocketTransport, timeout_s: float) -> None:
        self.transport = transport
        self.timeout_s = timeout_s
        self.closed = threading.Event()

    def perform(self, call: Call[T], timeout_s: float | None, *, answered: bool = False) -> T:
        deadline = Deadline(call.request, self.timeout_s + call.extra_s if timeout_s is None else timeout_s)
        retry = Retry(repeatable=call.request.repeatable, answered=answered)
        while True:
            try:
                return call.read(self.transport.exchange(call.request, deadline))
            except ClaudemeshError as error:
                delay = retry.delay_s(error, deadline.left_s())
                if delay is None or self.closed.wait(delay):
                    raise

    def pages(
        self, page_after: Callable[[str | None], Call[Page[T]]], cursor: str | None, timeout_s: float | None
    ) -> Paged[T]:
        return Paged(lambda after: self.perform(page_after(after), timeout_s), cursor)


class Group:
    def __init__(self, core: Core) -> None:
        self._core = core
