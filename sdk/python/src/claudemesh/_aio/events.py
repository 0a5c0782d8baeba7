"""The stream of events, across restarts of the daemon."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from types import TracebackType

from .._deadline import Deadline
from .._errors import ClaudemeshError
from .._http import Request, broken
from .._sse import SILENCE_S, Event, EventFeed
from .core import Core
from .transport import ByteStream, Within


class AsyncEventStream:
    """The daemon's events in order, each once. One task reads; `close` ends the iteration."""

    def __init__(self, core: Core, after: int | None) -> None:
        self._core = core
        self._feed = EventFeed(after)
        self._pending: deque[Event] = deque()
        self._closed = asyncio.Event()
        self._heard_at = 0.0
        self._retry_at = 0.0
        self._stream: ByteStream | None = None

    async def open(self, *, timeout_s: float | None = None) -> AsyncEventStream:
        """Returns when the stream stands: from then on nothing is missed. Throws not_running when no daemon answers."""
        if not self._feed.is_open:
            await self._connect(self._core.timeout_s if timeout_s is None else timeout_s)
        return self

    async def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event; None when none came in time, or the stream was closed. Cancelled, it loses none."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            if self._pending:
                return self._pending.popleft()
            left = SILENCE_S if until is None else until - time.monotonic()
            if self._closed.is_set() or left <= 0:
                return None
            try:
                await self._advance(left)
            except ClaudemeshError as error:
                self._drop()
                if not self._closed.is_set():
                    self._retry_at = time.monotonic() + self._feed.broke(error)

    async def close(self) -> None:
        self._closed.set()
        self._drop()

    async def _connect(self, timeout_s: float) -> None:
        request = self._feed.request()
        stream = await self._core.transport.stream(request, Deadline(request, timeout_s))
        self._feed.opened(stream.headers)
        self._stream = stream
        self._heard_at = time.monotonic()
        if self._closed.is_set():
            self._drop()

    async def _advance(self, left_s: float) -> None:
        """One step: a connection, a pause before the next one, or bytes."""
        now = time.monotonic()
        stream = self._stream
        if stream is None:
            if now < self._retry_at:
                await self._pause(min(left_s, self._retry_at - now))
            else:
                await self._connect(min(left_s, self._core.timeout_s))
            return
        silent_until = self._heard_at + SILENCE_S
        data = await stream.read(max(0.001, min(left_s, silent_until - now)))
        if data:
            self._heard_at = time.monotonic()
            self._pending.extend(self._feed.feed(data))
        elif data is not None or time.monotonic() >= silent_until:
            raise broken(Request("GET", "/v1/events"))

    async def _pause(self, seconds: float) -> None:
        try:
            async with Within(seconds):
                await self._closed.wait()
        except TimeoutError:
            pass

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def __aiter__(self) -> AsyncEventStream:
        return self

    async def __anext__(self) -> Event:
        event = await self.next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> AsyncEventStream:
        return await self.open()

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()
