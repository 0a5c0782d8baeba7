"""Server-sent events, and what a reader of them has to remember to go on after a break."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any, Final, cast

from ._errors import ClaudemeshError
from ._http import Request, parse_answer
from ._reading import View
from ._retry import Backoff
from ._types import EventName, InboxItem, ReceiptEvent

#: A line of the stream and the data of an event, in characters: a message's body among others.
_CHARS_MAX: Final = 16_777_216
#: Another id could be no place to go on from, and is said again in a header.
_ID: Final = re.compile(r"[0-9]{1,15}")
_LINE_END: Final = re.compile(r"\r\n|\n|\r(?!\Z)")
#: The daemon sends a comment every 15 seconds: after this silence the connection is dead, whatever the system says.
SILENCE_S: Final = 60.0


@dataclass(frozen=True)
class Event(View):
    """What happened at the daemon. Ids ascend and outlive its restarts: pass one as `after` to go on behind it."""

    id: int
    event: EventName | str
    at: str
    #: What the event tells, `at` among it.
    data: dict[str, Any]

    def inbox_item(self) -> InboxItem:
        """The message of a `message` or a `mention`."""
        return InboxItem.from_json(self.data)

    def receipt(self) -> ReceiptEvent:
        """What a `receipt` tells of a message that this member sent."""
        return ReceiptEvent.from_json(self.data)


class SseParser:
    """Parser of text/event-stream (WHATWG HTML, "Server-sent events"), without `retry`."""

    def __init__(self) -> None:
        #: Newest id told by a block that is complete, also by blocks without data.
        self.last_id: str | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        #: How much of the text is known to have no end of a line.
        self._scanned = 0
        self._next_id: str | None = None
        self._event = ""
        self._data: list[str] = []
        self._data_chars = 0

    def feed(self, chunk: bytes) -> list[tuple[str | None, str, str]]:
        """Id, name and data of the events that these bytes complete. Throws protocol_error."""
        try:
            self._text += self._decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise ClaudemeshError("protocol_error", "the event stream is not UTF-8") from error
        found: list[tuple[str | None, str, str]] = []
        start = 0
        while (end := _LINE_END.search(self._text, max(start, self._scanned))) is not None:
            line = self._text[start : end.start()]
            start = end.end()
            if line != "":
                self._field(line)
                continue
            self.last_id = self._next_id
            if self._data:
                found.append((self.last_id, self._event or "message", "\n".join(self._data)))
            self._event = ""
            self._data = []
            self._data_chars = 0
        self._text = self._text[start:]
        # A carriage return at the end may have its line feed still to come.
        self._scanned = max(len(self._text) - 1, 0)
        if len(self._text) > _CHARS_MAX:
            raise ClaudemeshError("protocol_error", "a line of the event stream is too long")
        return found

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._data_chars += len(value) + 1
            if self._data_chars > _CHARS_MAX:
                raise ClaudemeshError("protocol_error", "an event of the stream is too long")
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._next_id = value


class EventFeed:
    """Where a reader of the events stands: from what id a connection goes on, and what a break means.

    Only the first connection may fail. Later ones are made again for as long as their reader wants, since the daemon
    restarts. The newest id moves with each event that is handed out, so that a break neither repeats nor skips one.
    """

    def __init__(self, after: int | None) -> None:
        self._last = None if after is None else str(int(after))
        self._parser = SseParser()
        self._opened = False
        self._backoff = Backoff()

    @property
    def is_open(self) -> bool:
        """The first connection was made."""
        return self._opened

    def request(self) -> Request:
        resumed = {} if self._last is None else {"last-event-id": self._last}
        return Request("GET", "/v1/events", headers={"accept": "text/event-stream", **resumed})

    def opened(self, headers: dict[str, str]) -> None:
        # Tells where a stream without Last-Event-ID begins, so that a break before its first event loses none.
        if self._last is None:
            self._last = _checked_id(headers.get("last-event-id"))
        self._parser = SseParser()
        self._opened = True
        self._backoff = Backoff()

    def feed(self, chunk: bytes) -> list[Event]:
        found = [_event(*told) for told in self._parser.feed(chunk)]
        self._last = _checked_id(self._parser.last_id) or self._last
        return found

    def broke(self, error: ClaudemeshError) -> float:
        """Seconds until the next connection. Throws the error when there is to be none: what answers and is no daemon
        would be asked for ever."""
        if not self._opened or error.code == "protocol_error" or not (error.retryable or error.code == "not_running"):
            raise error
        return self._backoff.next()


def _checked_id(id_: str | None) -> str | None:
    if id_ is None or _ID.fullmatch(id_):
        return id_
    raise ClaudemeshError("protocol_error", "the daemon told of an event whose id is no number")


def _event(id_: str | None, name: str, text: str) -> Event:
    data = parse_answer(text.encode("utf-8", "replace"))
    if not isinstance(data, dict):
        raise ClaudemeshError("protocol_error", "the daemon told of an event that is no object")
    told = cast("dict[str, Any]", data)
    return Event(int(_checked_id(id_) or 0), name, str(told.get("at", "")), told)
