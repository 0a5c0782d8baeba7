"""The stream of events, across restarts of the daemon."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType

from .._deadline import Deadline
from .._errors import ClaudemeshError
from .._http import Request, broken
from .._sse import SILENCE_S, Event, EventFeed
from .core import Core
from .transport import SocketStream


class EventStream:
    """The daemon's events in order, each once. Iterate it; `close`, from any thread, ends the iteration."""

    def __init__(self, core: Core, after: int | None, *, timeout_s: float) -> None:
        self._core = core
        self._feed = EventFeed(after)
        self._pending: deque[Event] = deque()
        self._closed = threading.Event()
        self._heard_at = 0.0
        self._retry_at = 0.0
        self._stream: SocketStream | None = None
        self._open(timeout_s)

    def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event; None when none came in time, or the stream was closed."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            if self._pending:
                return self._pending.popleft()
            left = SILENCE_S if until is None else until - time.monotonic()
            if self._closed.is_set() or left <= 0:
                return None
            try:
                self._advance(left)
            except ClaudemeshError as error:
                self._drop()
                if not self._closed.is_set():
                    self._retry_at = time.monotonic() + self._feed.broke(error)

    def close(self) -> None:
        self._closed.set()
        self._drop()

    def _open(self, timeout_s: float) -> None:
        request = self._feed.request()
        stream = self._core.transport.stream(request, Deadline(request, timeout_s))
        self._feed.opened(stream.headers)
        self._stream = stream
        self._heard_at = time.monotonic()
        if self._closed.is_set():
            self._drop()

    def _advance(self, left_s: float) -> None:
        """One step: a connection, a pause before the next one, or bytes."""
        now = time.monotonic()
        stream = self._stream
        if stream is None:
            if now < self._retry_at:
                self._closed.wait(min(left_s, self._retry_at - now))
            else:
                self._open(min(left_s, self._core.timeout_s))
            return
        silent_until = self._heard_at + SILENCE_S
        data = stream.read(max(0.001, min(left_s, silent_until - now)))
        if data:
            self._heard_at = time.monotonic()
            self._pending.extend(self._feed.feed(data))
        elif data is not None or time.monotonic() >= silent_until:
            raise broken(Request("GET", "/v1/events"))

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
