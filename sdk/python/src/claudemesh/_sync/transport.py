"""Connections to a daemon over blocking sockets."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from .._deadline import Deadline
from .._discovery import EndpointSource
from .._errors import ClaudemeshError
from .._file_source import changed_meanwhile
from .._http import AnswerBuffer, Endpoint, Request, ResponseReader, broken, not_connected, refusal, refusal_body

_IDLE_CONNECTIONS_MAX: Final = 8
#: Shorter than the daemon's keep-alive, so that a reused connection is rarely one that it is closing.
_IDLE_S: Final = 4.0
_READ_BYTES: Final = 65_536


@dataclass(frozen=True)
class _Parked:
    connection: socket.socket
    endpoint: Endpoint
    since: float


class SocketTransport:
    """Requests over connections that are used again. Threads share it: each request has a connection to itself."""

    def __init__(self, source: EndpointSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._parked: list[_Parked] = []
        self._closed = False
        self._pid = os.getpid()

    def exchange(self, request: Request, deadline: Deadline, content: Iterable[bytes] = ()) -> bytes:
        """The body of the answer. Throws not_running (nothing listens: not sent), outcome_unknown (the connection ended
        before the answer), protocol_error, timed_out, or what the daemon refuses with."""
        endpoint = self._source()
        connection = self._open(endpoint, request, deadline)
        answer = AnswerBuffer()
        reusable = False
        try:
            _write(connection, request.head(endpoint, keep_alive=True), request, deadline, content)
            while not answer.reader.complete:
                data = _read(connection, request, deadline)
                if data:
                    answer.feed(data)
                elif not answer.reader.eof():
                    raise broken(request)
            reusable = answer.reader.reusable and request.length is None
        finally:
            if reusable:
                self._park(connection, endpoint)
            else:
                connection.close()
        return answer.answer()

    def stream(self, request: Request, deadline: Deadline) -> SocketStream:
        """An answer that is read as it comes. Throws as `exchange` does."""
        endpoint = self._source()
        connection = self._open(endpoint, request, deadline)
        try:
            _write(connection, request.head(endpoint, keep_alive=False), request, deadline)
            stream = SocketStream(connection, request)
            stream.read_head(deadline)
        except BaseException:
            connection.close()
            raise
        return stream

    def close(self) -> None:
        """Closes idle connections; requests under way go on."""
        with self._lock:
            self._closed = True
            parked, self._parked = self._parked, []
        for each in parked:
            each.connection.close()

    def _open(self, endpoint: Endpoint, request: Request, deadline: Deadline) -> socket.socket:
        found = self._unpark(endpoint) if request.repeatable else None
        return _connected(endpoint, request, deadline) if found is None else found

    def _unpark(self, endpoint: Endpoint) -> socket.socket | None:
        with self._lock:
            if os.getpid() != self._pid:
                # A fork: the other process speaks on these connections.
                self._parked, self._pid = [], os.getpid()
            found = None
            while self._parked and found is None:
                last = self._parked.pop()
                if last.endpoint == endpoint and time.monotonic() - last.since < _IDLE_S:
                    found = last.connection
                else:
                    last.connection.close()
            return found

    def _park(self, connection: socket.socket, endpoint: Endpoint) -> None:
        with self._lock:
            if not self._closed and len(self._parked) < _IDLE_CONNECTIONS_MAX and os.getpid() == self._pid:
                self._parked.append(_Parked(connection, endpoint, time.monotonic()))
                return
        connection.close()


class SocketStream:
    """The body of an answer, as it comes. One thread reads; any may close it."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self._connection = connection
        self._request = request
        self._reader = ResponseReader()
        self._first = b""

    @property
    def headers(self) -> dict[str, str]:
        return self._reader.headers

    def read_head(self, deadline: Deadline) -> None:
        """Throws what the daemon refuses with."""
        while not self._reader.has_head:
            data = _read(self._connection, self._request, deadline)
            if not data:
                raise broken(self._request)
            self._first += self._reader.feed(data)
        if 200 <= self._reader.status < 300:
            return
        body = bytearray(self._first)
        while not self._reader.complete:
            data = _read(self._connection, self._request, deadline)
            refusal_body(body, self._reader.feed(data))
            if not data and not self._reader.eof():
                raise broken(self._request)
        raise refusal(self._reader.status, bytes(body), self._reader.headers)

    def read(self, timeout_s: float) -> bytes | None:
        """The next bytes of the body: b"" at its end, None when none came in time. Throws outcome_unknown when it
        breaks."""
        if self._first:
            first, self._first = self._first, b""
            return first
        deadline = Deadline(self._request, timeout_s)
        while not self._reader.complete:
            try:
                data = _read(self._connection, self._request, deadline)
            except ClaudemeshError as error:
                if error.code == "timed_out":
                    return None
                raise
            if not data and not self._reader.eof():
                raise broken(self._request)
            body = self._reader.feed(data)
            if body:
                return body
        return b""

    def close(self) -> None:
        # Wakes a thread that waits for bytes, which closing alone does not.
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def __enter__(self) -> SocketStream:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def _connected(endpoint: Endpoint, request: Request, deadline: Deadline) -> socket.socket:
    family = socket.AF_INET if endpoint.socket_path is None else socket.AF_UNIX
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(deadline.require())
        if endpoint.socket_path is None:
            connection.connect(("127.0.0.1", endpoint.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            connection.connect(endpoint.socket_path)
    except TimeoutError:
        connection.close()
        raise deadline.over() from None
    except OSError as error:
        connection.close()
        raise not_connected(error, endpoint, request) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _write(
    connection: socket.socket, head: bytes, request: Request, deadline: Deadline, content: Iterable[bytes] = ()
) -> None:
    try:
        connection.settimeout(deadline.require())
        connection.sendall(head)
        if request.length is not None:
            _write_content(connection, request.length, deadline, content)
    except TimeoutError:
        raise deadline.over() from None
    except OSError:
        # The daemon may have refused what it has not read to the end: its answer says so, or the end of the connection.
        pass


def _write_content(connection: socket.socket, length: int, deadline: Deadline, content: Iterable[bytes]) -> None:
    """Ends early when an answer comes before all is said: a refusal, so that the rest is nobody's then."""
    left = length
    connection.settimeout(0)
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        for chunk in content:
            left -= len(chunk)
            if left < 0:
                break
            waiting = memoryview(chunk)
            while waiting:
                ready = selector.select(deadline.require())
                if any(events & selectors.EVENT_READ for _key, events in ready):
                    return
                if ready:
                    # What was said to have room may have none.
                    with contextlib.suppress(BlockingIOError):
                        waiting = waiting[connection.send(waiting) :]
    if left != 0:
        raise changed_meanwhile()


def _read(connection: socket.socket, request: Request, deadline: Deadline) -> bytes:
    try:
        connection.settimeout(deadline.require())
        return connection.recv(_READ_BYTES)
    except TimeoutError:
        raise deadline.over() from None
    except OSError as error:
        raise broken(request) from error
