"""Files that messages carry."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from .. import _calls as calls
from .._deadline import FOREVER_S, Deadline
from .._errors import ClaudemeshError
from .._file_source import FileSource, chunks_of, opened
from .._http import length_of
from .._types import (
    Attachment,
    File,
)
from .core import Group
from .transport import SocketStream


class Files(Group):
    """Files that messages carry."""

    def put(
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
            return call.read(self._core.transport.exchange(call.request, deadline, chunks_of(file)))

    def list(
        self,
        *,
        inbox_id: int | None = None,
        history: tuple[str, int] | None = None,
        lease: tuple[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> tuple[Attachment, ...]:
        """What a message brought: one of the inbox; one of an address's history, by (address, history_id); or a claimed
        one, by (queue, lease_id)."""
        return self._core.perform(calls.file_list(inbox_id, history, lease), timeout_s)

    def take(
        self,
        file_id: str,
        *,
        inbox_id: int | None = None,
        history: tuple[str, int] | None = None,
        lease: tuple[str, str] | None = None,
        start: int = 0,
        timeout_s: float | None = None,
    ) -> TakenFile:
        """The bytes of a file from `start` on. They end early, by an error, when the way to them breaks: another call
        from where it stopped goes on, or says why not. `timeout_s` is for each piece."""
        limit = self._core.timeout_s if timeout_s is None else timeout_s
        request = calls.file_take(file_id, inbox_id, history, lease, start)
        return TakenFile(self._core.transport.stream(request, Deadline(request, limit)), limit)


class TakenFile:
    """A file that a message brought, piece by piece."""

    def __init__(self, stream: SocketStream, timeout_s: float) -> None:
        self._stream = stream
        self._timeout_s = timeout_s
        #: How many bytes are to come.
        try:
            self.bytes = length_of(stream.headers)
        except ClaudemeshError:
            stream.close()
            raise

    def read(self) -> bytes:
        """All of it, in memory."""
        return b"".join(self)

    def close(self) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._stream.read(self._timeout_s)) != b"":
            if piece is None:
                raise ClaudemeshError("timed_out", f"no bytes came in {self._timeout_s:g} s", hint="claudemesh status")
            yield piece

    def __enter__(self) -> TakenFile:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
