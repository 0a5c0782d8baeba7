"""What bytes of a connection mean: answers, however they are cut, and event streams."""

from __future__ import annotations

import pytest

from claudemesh import ClaudemeshError
from claudemesh._http import Endpoint, Request, ResponseReader, parse_answer, query_text
from claudemesh._sse import EventFeed, SseParser


def read(text: bytes, size: int) -> tuple[ResponseReader, bytes]:
    """Feeds the bytes in pieces of `size`, as a socket may."""
    reader = ResponseReader()
    body = b"".join(reader.feed(text[at : at + size]) for at in range(0, len(text), size))
    return reader, body


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize(
    ("text", "status", "body", "reusable"),
    [
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhello", 202, b"hello", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\n",
            200,
            b"hello world",
            True,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, b"a", False),
    ],
)
def test_an_answer_is_read_however_it_is_cut(text: bytes, status: int, body: bytes, reusable: bool, size: int) -> None:
    reader, found = read(text, size)
    assert (reader.status, found, reader.complete, reader.reusable) == (status, body, True, reusable)


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    reader, body = read(b"HTTP/1.1 200 OK\r\n\r\nall of it", 4)
    assert (body, reader.complete) == (b"all of it", False)
    assert reader.eof()
    assert not reader.reusable


@pytest.mark.parametrize(
    "text", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", b"HTTP/1.1 200 OK\r\nContent-Len", b""]
)
def test_an_answer_that_is_cut_short_is_not_complete(text: bytes) -> None:
    reader, _ = read(text, 2)
    assert not reader.eof()


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2_000,
    ],
)
def test_what_is_no_http_is_a_protocol_error(text: bytes) -> None:
    with pytest.raises(ClaudemeshError) as caught:
        read(text, 1_000)
    assert caught.value.code == "protocol_error"


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b'"\xff"', b"[" * 100_000])
def test_an_answer_that_is_no_json_is_a_protocol_error(text: bytes) -> None:
    with pytest.raises(ClaudemeshError) as caught:
        parse_answer(text)
    assert caught.value.code == "protocol_error"


def test_only_a_port_is_given_the_token() -> None:
    request = Request("POST", "/v1/send", body=b"{}")
    at_port = request.head(Endpoint(port=4_000, token="secret"), keep_alive=True)
    at_socket = request.head(Endpoint(socket_path="/run/sock"), keep_alive=True)
    assert b"host: 127.0.0.1:4000\r\n" in at_port
    assert b"authorization: Bearer secret\r\n" in at_port
    assert b"authorization" not in at_socket
    assert "secret" not in repr(Endpoint(port=4_000, token="secret"))
    assert at_port.endswith(b"content-length: 2\r\n\r\n{}")


def test_a_query_says_what_is_given() -> None:
    assert query_text({"q": "a b&c", "unread": True, "newest": False, "limit": 5, "cursor": None}) == (
        "?q=a+b%26c&unread=true&newest=false&limit=5"
    )
    assert query_text({"cursor": None}) == ""


STREAM = (
    ': hello\n\nid: 7\nevent: message\ndata: {"at":"now",\ndata: "n":1}\n\nid: 8\n\n'
    'event: gap\ndata:{}\r\n\r\nid: 9\nevent: receipt\ndata: {"at":"é"}\r\rid: 10\nevent: message\n'
)


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_events_are_read_however_they_are_cut(size: int) -> None:
    parser = SseParser()
    sent = STREAM.encode()
    found = [event for at in range(0, len(sent), size) for event in parser.feed(sent[at : at + size])]
    assert found == [
        ("7", "message", '{"at":"now",\n"n":1}'),
        ("8", "gap", "{}"),
        ("9", "receipt", '{"at":"é"}'),
    ]
    assert parser.last_id == "9"


def test_a_feed_goes_on_behind_the_last_event_that_it_has_told() -> None:
    feed = EventFeed(None)
    assert "last-event-id" not in feed.request().headers
    feed.opened({"last-event-id": "5"})
    assert feed.request().headers["last-event-id"] == "5"
    assert [event.id for event in feed.feed(STREAM.encode())] == [7, 8, 9]
    feed.opened({})
    assert feed.request().headers["last-event-id"] == "9"


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    parser = SseParser()
    for _ in range(16):
        assert parser.feed(b"x" * 1_048_576) == []
    with pytest.raises(ClaudemeshError, match="too long"):
        parser.feed(b"x")


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 4_096 + b"\n", b"data\n" * 4_096])
def test_an_event_without_end_does_not_fill_the_memory(chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # As it is, so many lines take a quarter of a minute.
    monkeypatch.setattr("claudemesh._sse._CHARS_MAX", 65_536)
    parser = SseParser()

    def endless() -> None:
        for _ in range(18):
            parser.feed(chunk)

    with pytest.raises(ClaudemeshError, match="too long"):
        endless()


@pytest.mark.parametrize("sent", [b"id: abc", b"id: -5", b"id: " + b"9" * 30, "id: \u0663".encode(), b"id: 1\xff"])
def test_an_event_that_no_daemon_tells_ends_the_stream(sent: bytes) -> None:
    feed = EventFeed(None)
    feed.opened({})
    with pytest.raises(ClaudemeshError) as thrown:
        feed.feed(sent + b'\ndata: {"at":"x"}\n\n')
    assert thrown.value.code == "protocol_error"
    with pytest.raises(ClaudemeshError):
        feed.broke(thrown.value)
    with pytest.raises(ClaudemeshError):
        EventFeed(None).opened({"last-event-id": "x\nfoo: bar"})
