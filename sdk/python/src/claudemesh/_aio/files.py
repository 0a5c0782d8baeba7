"""Files that messages carry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import BinaryIO

from .. import _calls as calls
from .._deadline import FOREVER_S, Deadline
from .._errors import ClaudemeshError
from .._file_source import PIECE_BYTES, FileSource, opened
from .._http import length_of
from .._types import (
    Attachment,
    File,
)
from .core import Group
from .transport import ByteStream


class Files(Group):
    """Files that messages carry."""

    async def put(
        self,
        source: FileSource,
        *,
        name: str | None = None,
        content_type: str | None = None,
        timeout_s: float | None = None,
    ) -> File:
        """Hands a file over: a path, bytes, or an open binary file. Returns once it is on disk at the daemon, sealed;
        its file_id then stands in `attachments` of a send. Takes as long as it takes unless `timeout_s` is given."""
        with opened(source, name) as (called, length, file):
            call = calls.file_put(called, length, content_type)
            deadline = Deadline(call.request, FOREVER_S if timeout_s is None else timeout_s)
            return call.read(await self._core.transport.exchange(call.request, deadline, _pieces(file)))

    async def list(
        self,
        *,
        inbox_id: int | None = None,
        history: tuple[str, int] | None = None,
        lease: tuple[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> tuple[Attachment, ...]:
        """What a message brought: one of the inbox; one of an address's history, by (address, history_id); or a claimed
        one, by (queue, lease_id)."""
        return await self._core.perform(calls.file_list(inbox_id, history, lease), timeout_s)

    async def take(
        self,
        file_id: str,
        *,
        inbox_id: int | None = None,
        history: tuple[str, int] | None = None,
        lease: tuple[str, str] | None = None,
        start: int = 0,
        timeout_s: float | None = None,
    ) -> AsyncTakenFile:
        """The bytes of a file from `start` on. They end early, by an error, when the way to them breaks: another call
        from where it stopped goes on, or says why not. `timeout_s` is for each piece."""
        limit = self._core.timeout_s if timeout_s is None else timeout_s
        request = calls.file_take(file_id, inbox_id, history, lease, start)
        return AsyncTakenFile(await self._core.transport.stream(request, Deadline(request, limit)), limit)


class AsyncTakenFile:
    """A file that a message brought, piece by piece."""

    def __init__(self, stream: ByteStream, timeout_s: float) -> None:
        self._stream = stream
        self._timeout_s = timeout_s
        #: How many bytes are to come.
        try:
            self.bytes = length_of(stream.headers)
        except ClaudemeshError:
            stream.close()
            raise

    async def read(self) -> bytes:
        """All of it, in memory."""
        return b"".join([piece async for piece in self])

    async def close(self) -> None:
        self._stream.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._stream.read(self._timeout_s)) != b"":
            if piece is None:
                raise ClaudemeshError("timed_out", f"no bytes came in {self._timeout_s:g} s", hint="claudemesh status")
            yield piece

    async def __aenter__(self) -> AsyncTakenFile:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """Read in a thread: a file may be on a slow disk, and the loop has other tasks."""
    while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
        yield piece
