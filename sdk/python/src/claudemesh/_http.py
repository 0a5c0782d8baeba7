"""HTTP/1.1 without a socket: the bytes of a request, and a reader of the bytes that answer it."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Literal, NoReturn
from urllib.parse import urlencode

from ._errors import ClaudemeshError, from_problem
from ._json import utf8

#: A whole answer that is held in memory.
ANSWER_BYTES_MAX: Final = 268_435_456
#: No problem document is larger.
REFUSAL_BYTES_MAX: Final = 1_048_576
_HEAD_BYTES_MAX: Final = 65_536
_CHUNK_LINE_BYTES_MAX: Final = 1_024
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: |$)")
_CHUNK: Final = re.compile(rb"[0-9a-fA-F]{1,8}(;|$)")
_LENGTH: Final = re.compile(r"\d{1,15}")


@dataclass(frozen=True)
class Endpoint:
    """Where a daemon's local API listens: a unix socket, or a port of this host with its token."""

    socket_path: str | None = None
    port: int | None = None
    token: str | None = None

    def __str__(self) -> str:
        return f"127.0.0.1:{self.port}" if self.socket_path is None else self.socket_path

    def __repr__(self) -> str:
        return f"Endpoint({self})"


@dataclass(frozen=True)
class Request:
    """One request. `body` is what stands in it; with `length` that many bytes follow, which the transport sends."""

    method: Literal["GET", "POST"]
    path: str
    body: bytes | None = None
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    #: It may go out on a connection that the daemon is perhaps closing.
    repeatable: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"

    def head(self, endpoint: Endpoint, *, keep_alive: bool) -> bytes:
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"host: {'localhost' if endpoint.socket_path is not None else endpoint}",
            f"connection: {'keep-alive' if keep_alive else 'close'}",
        ]
        if endpoint.token is not None:
            lines.append(f"authorization: Bearer {endpoint.token}")
        lines.extend(f"{name}: {value}" for name, value in self.headers.items())
        if self.body is not None:
            lines += ["content-type: application/json", f"content-length: {len(self.body)}"]
        if self.length is not None:
            lines += ["content-type: application/octet-stream", f"content-length: {self.length}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (self.body or b"")


class _State(Enum):
    HEAD = auto()
    SIZED = auto()
    CHUNK_LINE = auto()
    CHUNK_DATA = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    UNTIL_CLOSE = auto()
    DONE = auto()


class ResponseReader:
    """Reads one response from bytes as they come.

    From `HEAD`, where the blank line ends the headers, it goes by these to `SIZED` (content-length), to `CHUNK_LINE`,
    `CHUNK_DATA`, `CHUNK_END` and `TRAILER` (chunked), or to `UNTIL_CLOSE`; and from there to `DONE`.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._state = _State.HEAD
        self._waiting = bytearray()
        self._left = 0
        self._keep_alive = False

    @property
    def has_head(self) -> bool:
        return self._state is not _State.HEAD

    @property
    def complete(self) -> bool:
        return self._state is _State.DONE

    @property
    def reusable(self) -> bool:
        """Another request may follow on the connection."""
        return self.complete and self._keep_alive and not self._waiting

    def feed(self, data: bytes) -> bytes:
        """What of the body the bytes bring. Throws protocol_error for what is no HTTP/1.1 response."""
        self._waiting += data
        body = bytearray()
        while self._state is not _State.DONE and self._step(body):
            pass
        return bytes(body)

    def eof(self) -> bool:
        """The peer closed; true when the response is complete, which may be what the close tells."""
        if self._state is _State.UNTIL_CLOSE:
            self._state = _State.DONE
        return self.complete

    def _step(self, body: bytearray) -> bool:
        """True while the bytes at hand lead on."""
        state = self._state
        if state is _State.HEAD:
            return self._read_head()
        if state is _State.SIZED:
            self._take(body)
            return self._finish() if self._left == 0 else False
        if state is _State.CHUNK_DATA:
            self._take(body)
            if self._left > 0:
                return False
            self._state = _State.CHUNK_END
            return True
        if state is _State.UNTIL_CLOSE:
            body += self._waiting
            self._waiting.clear()
            return False
        return self._step_chunk_line(state)

    def _step_chunk_line(self, state: _State) -> bool:
        line = self._line(_HEAD_BYTES_MAX if state is _State.TRAILER else _CHUNK_LINE_BYTES_MAX)
        if line is None:
            return False
        if state is _State.TRAILER:
            return self._finish() if line == b"" else True
        if state is _State.CHUNK_END:
            if line != b"":
                _malformed("the answer has a malformed chunk")
            self._state = _State.CHUNK_LINE
            return True
        if _CHUNK.match(line) is None:
            _malformed("the answer has a malformed chunk")
        self._left = int(line.partition(b";")[0], 16)
        self._state = _State.CHUNK_DATA if self._left > 0 else _State.TRAILER
        return True

    def _read_head(self) -> bool:
        end = self._waiting.find(b"\r\n\r\n")
        if end < 0:
            if len(self._waiting) > _HEAD_BYTES_MAX:
                _malformed("the head of the answer is too long")
            return False
        first, *lines = bytes(self._waiting[:end]).split(b"\r\n")
        del self._waiting[: end + 4]
        status = _STATUS.match(first)
        if status is None:
            _malformed("the answer is not HTTP/1.1")
        if int(status.group(2)) < 200:
            return True
        self.status = int(status.group(2))
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if colon and name:
                self.headers[name.lower()] = value.strip()
        self._keep_alive = status.group(1) == b"1" and self.headers.get("connection", "").lower() != "close"
        return self._begin_body()

    def _begin_body(self) -> bool:
        length = self.headers.get("content-length")
        if self.status in (204, 304):
            return self._finish()
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            self._state = _State.CHUNK_LINE
        elif length is not None:
            if _LENGTH.fullmatch(length) is None:
                _malformed("the answer has no valid content-length")
            self._left = int(length)
            self._state = _State.SIZED
        else:
            self._keep_alive = False
            self._state = _State.UNTIL_CLOSE
        return True

    def _take(self, body: bytearray) -> None:
        part = self._waiting[: self._left]
        del self._waiting[: len(part)]
        self._left -= len(part)
        body += part

    def _line(self, bytes_max: int) -> bytes | None:
        end = self._waiting.find(b"\r\n")
        if end < 0:
            if len(self._waiting) > bytes_max:
                _malformed("a line of the answer is too long")
            return None
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 2]
        return line

    def _finish(self) -> bool:
        self._state = _State.DONE
        return False


class AnswerBuffer:
    """A whole answer, gathered from the bytes of a connection."""

    def __init__(self) -> None:
        self.reader = ResponseReader()
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        self._body += self.reader.feed(data)
        if len(self._body) > ANSWER_BYTES_MAX:
            _malformed(f"the daemon's answer is over {ANSWER_BYTES_MAX} bytes")

    def answer(self) -> bytes:
        """The body. Throws what the daemon refused with."""
        if 200 <= self.reader.status < 300:
            return bytes(self._body)
        raise refusal(self.reader.status, bytes(self._body), self.reader.headers)


def refusal(status: int, body: bytes, headers: Mapping[str, str]) -> ClaudemeshError:
    """The error that an answer stands for."""
    try:
        problem: object = parse_answer(body)
    except ClaudemeshError:
        problem = None
    return from_problem(status, problem, headers.get("retry-after"))


def refusal_body(body: bytearray, more: bytes) -> None:
    """Gathers that of an answer which is read as it comes. Throws protocol_error beyond what any has."""
    body += more
    if len(body) > REFUSAL_BYTES_MAX:
        _malformed(f"the daemon refused with more than {REFUSAL_BYTES_MAX} bytes")


def length_of(headers: Mapping[str, str]) -> int:
    """How many bytes an answer has that is read as it comes. Throws protocol_error where nobody says."""
    length = headers.get("content-length", "")
    if _LENGTH.fullmatch(length) is None:
        _malformed("the daemon answered a file without its length")
    return int(length)


def parse_answer(body: bytes) -> object:
    """JSON that the daemon wrote. Throws protocol_error for what is none, or holds what no daemon writes."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ClaudemeshError("protocol_error", "the daemon's answer is no JSON", hint="claudemesh status") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _malformed(message: str) -> NoReturn:
    raise ClaudemeshError(
        "protocol_error", message, hint="is another program listening where the daemon should be? `claudemesh status`"
    )


#: The request was not sent. EINVAL and a path that is too long: no socket can be there.
_NOT_LISTENING: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED, errno.ENOTSOCK, errno.EINVAL, errno.ENAMETOOLONG}
)


def not_connected(error: OSError, endpoint: Endpoint, request: Request) -> ClaudemeshError:
    """What it means that no connection could be made."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return ClaudemeshError(
            "unauthorized",
            f"the socket {endpoint} belongs to another user",
            hint="run the program as the user who started the daemon",
        )
    # Without a number: Python itself finds the path of a socket too long.
    if error.errno in _NOT_LISTENING or error.errno is None:
        return ClaudemeshError("not_running", f"no daemon answers at {endpoint}", hint="claudemesh up")
    return broken(request)


def broken(request: Request) -> ClaudemeshError:
    return ClaudemeshError(
        "outcome_unknown",
        f"the daemon's connection ended before it answered {request}",
        hint="claudemesh status",
    )


def timed_out(what: object, timeout_s: float) -> ClaudemeshError:
    return ClaudemeshError("timed_out", f"{what} did not finish in {timeout_s:g} s", hint="claudemesh status")


def query_text(query: Mapping[str, object]) -> str:
    """What is None is left out."""
    written = [
        (name, utf8(str(value).lower() if isinstance(value, bool) else str(value)))
        for name, value in query.items()
        if value is not None
    ]
    return f"?{urlencode(written)}" if written else ""
