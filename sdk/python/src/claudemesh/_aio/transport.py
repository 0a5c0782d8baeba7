"""Connections to a daemon over asyncio's streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from .._deadline import Deadline
from .._discovery import EndpointSource
from .._errors import ClaudemeshError
from .._file_source import changed_meanwhile
from .._http import AnswerBuffer, Endpoint, Request, ResponseReader, broken, not_connected, refusal, refusal_body

_IDLE_CONNECTIONS_MAX: Final = 8
#: Shorter than the daemon's keep-alive, so that a reused connection is rarely one that it is closing.
_IDLE_S: Final = 4.0
_READ_BYTES: Final = 65_536


class Within:
    """Ends what is awaited inside with TimeoutError after so many seconds; a cancellation from outside stays one.

    asyncio.timeout came with Python 3.11, and asyncio.wait_for before 3.12 could lose a cancellation.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._expired = False

    async def __aenter__(self) -> None:
        task: asyncio.Task[Any] | None = asyncio.current_task()
        assert task is not None, "asyncio streams are used in a task"
        self._task = task
        self._cancelling = getattr(task, "cancelling", int)()
        self._timer = asyncio.get_running_loop().call_later(max(self._seconds, 0), self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    async def __aexit__(
        self, type_: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._expired:
            return
        # Taken back, since it was not meant for the task; what then is left is another's cancellation.
        left = getattr(self._task, "uncancel", lambda: self._cancelling)()
        if type_ is asyncio.CancelledError and left <= self._cancelling:
            raise TimeoutError


@dataclass(frozen=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    endpoint: Endpoint

    def close(self) -> None:
        # Not waited for: what is still to be sent is of no use to a daemon that nobody listens to.
        self.writer.transport.abort()


class StreamTransport:
    """Connections that are used again, of one event loop. Tasks share it: each request has one to itself."""

    def __init__(self, source: EndpointSource) -> None:
        self._source = source
        self._parked: list[tuple[_Connection, float]] = []
        self._closed = False

    async def exchange(
        self, request: Request, deadline: Deadline, content: AsyncIterator[bytes] | None = None
    ) -> bytes:
        """The body of the answer. Throws not_running (nothing listens: not sent), outcome_unknown (the connection ended
        before the answer), protocol_error, timed_out, or what the daemon refuses with."""
        endpoint = self._source()
        connection = await self._open(endpoint, request, deadline)
        answer = AnswerBuffer()
        reusable = False
        try:
            head = request.head(endpoint, keep_alive=True)
            if request.length is None or content is None:
                await _write(connection, head, deadline)
            else:
                answer.feed(await _write_content(connection, head, request.length, deadline, content))
            while not answer.reader.complete:
                data = await _read(connection, request, deadline)
                if data:
                    answer.feed(data)
                elif not answer.reader.eof():
                    raise broken(request)
            reusable = answer.reader.reusable and request.length is None
        finally:
            if reusable and not self._closed and len(self._parked) < _IDLE_CONNECTIONS_MAX:
                self._parked.append((connection, time.monotonic()))
            else:
                connection.close()
        return answer.answer()

    async def stream(self, request: Request, deadline: Deadline) -> ByteStream:
        """An answer that is read as it comes. Throws as `exchange` does."""
        endpoint = self._source()
        connection = await self._open(endpoint, request, deadline)
        try:
            await _write(connection, request.head(endpoint, keep_alive=False), deadline)
            stream = ByteStream(connection, request)
            await stream.read_head(deadline)
        except BaseException:
            connection.close()
            raise
        return stream

    def close(self) -> None:
        """Closes idle connections; requests under way go on."""
        self._closed = True
        parked, self._parked = self._parked, []
        for connection, _since in parked:
            connection.close()

    async def _open(self, endpoint: Endpoint, request: Request, deadline: Deadline) -> _Connection:
        while self._parked and request.repeatable:
            connection, since = self._parked.pop()
            if (
                connection.endpoint == endpoint
                and time.monotonic() - since < _IDLE_S
                and not connection.reader.at_eof()
                and not connection.writer.is_closing()
            ):
                return connection
            connection.close()
        return await _connected(endpoint, request, deadline)


class ByteStream:
    """The body of an answer, as it comes. One task reads."""

    def __init__(self, connection: _Connection, request: Request) -> None:
        self._connection = connection
        self._request = request
        self._reader = ResponseReader()
        self._first = b""

    @property
    def headers(self) -> dict[str, str]:
        return self._reader.headers

    async def read_head(self, deadline: Deadline) -> None:
        """Throws what the daemon refuses with."""
        while not self._reader.has_head:
            data = await _read(self._connection, self._request, deadline)
            if not data:
                raise broken(self._request)
            self._first += self._reader.feed(data)
        if 200 <= self._reader.status < 300:
            return
        body = bytearray(self._first)
        while not self._reader.complete:
            data = await _read(self._connection, self._request, deadline)
            refusal_body(body, self._reader.feed(data))
            if not data and not self._reader.eof():
                raise broken(self._request)
        raise refusal(self._reader.status, bytes(body), self._reader.headers)

    async def read(self, timeout_s: float) -> bytes | None:
        """The next bytes of the body: b"" at its end, None when none came in time. Throws outcome_unknown when it
        breaks. Cancelled, it loses none of them."""
        if self._first:
            first, self._first = self._first, b""
            return first
        deadline = Deadline(self._request, timeout_s)
        while not self._reader.complete:
            try:
                data = await _read(self._connection, self._request, deadline)
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
        self._connection.close()


async def _connected(endpoint: Endpoint, request: Request, deadline: Deadline) -> _Connection:
    try:
        async with Within(deadline.require()):
            if endpoint.socket_path is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
            else:
                reader, writer = await asyncio.open_unix_connection(endpoint.socket_path)
    except TimeoutError:
        raise deadline.over() from None
    except OSError as error:
        raise not_connected(error, endpoint, request) from error
    return _Connection(reader, writer, endpoint)


async def _write(connection: _Connection, data: bytes, deadline: Deadline) -> None:
    try:
        connection.writer.write(data)
        async with Within(deadline.require()):
            await connection.writer.drain()
    except TimeoutError:
        raise deadline.over() from None
    except OSError:
        # The daemon may have refused what it has not read to the end: its answer says so, or the end of the connection.
        pass


async def _write_content(
    connection: _Connection, head: bytes, length: int, deadline: Deadline, content: AsyncIterator[bytes]
) -> bytes:
    """Returns what came as an answer meanwhile. Before all was said that is a refusal: the rest is nobody's then."""
    await _write(connection, head, deadline)
    answering = asyncio.ensure_future(connection.reader.read(_READ_BYTES))
    left = length
    try:
        async for chunk in content:
            left -= len(chunk)
            if left < 0 or not await _written_before(answering, connection, chunk, deadline):
                break
    finally:
        # A read that is cancelled leaves what comes to the next one.
        answering.cancel()
        await asyncio.wait({answering})
    if not answering.cancelled() and answering.exception() is None:
        return answering.result()
    if left != 0 and answering.cancelled():
        raise changed_meanwhile()
    return b""


async def _written_before(
    answering: asyncio.Future[bytes], connection: _Connection, chunk: bytes, deadline: Deadline
) -> bool:
    """Whether there was room for a chunk before an answer came."""
    connection.writer.write(chunk)
    draining = asyncio.ensure_future(connection.writer.drain())
    either: set[asyncio.Future[Any]] = {draining, answering}
    try:
        done, _ = await asyncio.wait(either, timeout=deadline.require(), return_when=asyncio.FIRST_COMPLETED)
    finally:
        draining.cancel()
        await asyncio.wait({draining})
    if not done:
        raise deadline.over()
    return not answering.done() and not draining.cancelled() and draining.exception() is None


async def _read(connection: _Connection, request: Request, deadline: Deadline) -> bytes:
    try:
        async with Within(deadline.require()):
            return await connection.reader.read(_READ_BYTES)
    except TimeoutError:
        raise deadline.over() from None
    except OSError as error:
        raise broken(request) from error
