"""Performs calls, with their retries and their time; lists page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

from .._calls import Call, Page
from .._deadline import Deadline
from .._errors import ClaudemeshError
from .._retry import Retry
from .transport import StreamTransport

T = TypeVar("T")


class AsyncPaged(Generic[T]):
    """A page that is asked for when it is awaited; iterated, every item of it and of the pages after it."""

    def __init__(self, ask: Callable[[str | None], Awaitable[Page[T]]], cursor: str | None) -> None:
        self._ask = ask
        self._cursor = cursor

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self._ask(self._cursor).__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        cursor = self._cursor
        while True:
            page = await self._ask(cursor)
            for item in page.items:
                yield item
            if page.next_cursor is None:
                return
            cursor = page.next_cursor


class Core:
    """Performs calls, with their retries and their time."""

    def __init__(self, transport: StreamTransport, timeout_s: float) -> None:
        self.transport = transport
        self.timeout_s = timeout_s

    async def perform(self, call: Call[T], timeout_s: float | None, *, answered: bool = False) -> T:
        deadline = Deadline(call.request, self.timeout_s + call.extra_s if timeout_s is None else timeout_s)
        retry = Retry(repeatable=call.request.repeatable, answered=answered)
        while True:
            try:
                return call.read(await self.transport.exchange(call.request, deadline))
            except ClaudemeshError as error:
                delay = retry.delay_s(error, deadline.left_s())
                if delay is None:
                    raise
            await asyncio.sleep(delay)

    def pages(
        self, page_after: Callable[[str | None], Call[Page[T]]], cursor: str | None, timeout_s: float | None
    ) -> AsyncPaged[T]:
        return AsyncPaged(lambda after: self.perform(page_after(after), timeout_s), cursor)


class Group:
    def __init__(self, core: Core) -> None:
        self._core = core
