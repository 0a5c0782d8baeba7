"""What both clients do with the answers of a daemon: retries, errors, time, and what they send."""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import CUT, EARLY, HANG, Reply, ScriptedDaemon, problem

import claudemesh
from claudemesh import (
    ClaudemeshError,
    ConflictError,
    InvalidRequestError,
    LeaseLostError,
    NotFoundError,
    NotRunningError,
    TimedOutError,
)

SENT = {"client_message_id": "x", "outbox_id": 1, "state": "queued", "duplicate": False}
LEASE_ENDED = {"history_id": 1, "state": "done", "available_at": None}
Connect = Callable[..., Any]


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """That attempts are made again is what is looked at here, not how long a client waits between them."""
    monkeypatch.setattr("claudemesh._retry._BASE_S", 0.0)


def caught(call: Callable[[], object]) -> ClaudemeshError:
    with pytest.raises(ClaudemeshError) as raised:
        call()
    return raised.value


def test_a_send_is_repeated_with_the_id_that_was_made_before_the_first_attempt(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    scripted.says(CUT, problem("store_unavailable", 503), Reply(SENT, 202))
    assert connect(socket_path=scripted.path).send("@bob", "hi").outbox_id == 1
    ids = [asked.json()["client_message_id"] for asked in scripted.asked]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    assert ids[0][14] == "7"


def test_what_cannot_pass_is_not_repeated(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(problem("unknown_destination", 404, hint="claudemesh members", suggestions=["@bob"]))
    error = caught(lambda: connect(socket_path=scripted.path).send("@bbo", "hi"))
    assert isinstance(error, NotFoundError)
    assert (error.code, error.status, error.retryable) == ("unknown_destination", 404, False)
    assert error.hint == "claudemesh members"
    assert error.details == {"suggestions": ["@bob"]}
    assert len(scripted.asked) == 1


def test_after_six_attempts_the_last_error_stands(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(*[problem("store_unavailable", 503)] * 7)
    assert caught(lambda: connect(socket_path=scripted.path).health()).code == "store_unavailable"
    assert len(scripted.asked) == 6


def test_a_daemon_that_restarts_is_waited_for_and_one_that_is_not_there_is_not(
    connect: Connect, scripted: ScriptedDaemon, tmp_path: Any
) -> None:
    error = caught(lambda: connect(socket_path=tmp_path / "none").send("@bob", "hi"))
    assert isinstance(error, NotRunningError)
    assert (error.hint, error.retryable) == ("claudemesh up", False)
    assert caught(lambda: connect(socket_path="/" + "x" * 300).health()).code == "not_running"
    assert caught(lambda: connect(port=1, token="t").health()).code == "not_running"


def test_work_says_at_once_that_no_daemon_runs(connect: Connect, tmp_path: Path) -> None:
    mesh = connect(socket_path=str(tmp_path / "none"))
    assert isinstance(caught(lambda: mesh.queues.work("jobs", print)), NotRunningError)


@pytest.mark.parametrize(
    "call",
    [
        lambda mesh: mesh.topics.create("builds"),
        lambda mesh: mesh.outbox.requeue(1),
        lambda mesh: mesh.outbox.drop(1),
        lambda mesh: mesh.queues.claim("work"),
        lambda mesh: mesh.queues.nack("work", "lease"),
        lambda mesh: mesh.queues.requeue("work"),
        lambda mesh: mesh.invites.create(),
        lambda mesh: mesh.files.put(b"hello", name="a.txt"),
    ],
)
def test_a_call_that_would_do_its_work_twice_is_not_repeated(
    connect: Connect, scripted: ScriptedDaemon, call: Callable[[Any], object]
) -> None:
    scripted.says(CUT, CUT)
    assert caught(lambda: call(connect(socket_path=scripted.path))).code == "outcome_unknown"
    assert len(scripted.asked) == 1


def test_retry_after_is_kept_to_and_not_waited_for_beyond_the_time(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(problem("rate_limited", 429, headers={"retry-after": "60"}))
    error = caught(lambda: connect(socket_path=scripted.path, timeout_s=20).health())
    assert (error.code, error.details["retry_after_ms"]) == ("rate_limited", 60_000)
    assert len(scripted.asked) == 1


def test_a_daemon_that_never_answers_is_timed_out(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(HANG)
    error = caught(lambda: connect(socket_path=scripted.path).health(timeout_s=0.05))
    assert isinstance(error, TimedOutError)
    assert "GET /v1/health" in error.message
    assert scripted.given_up.wait(10)


def test_an_error_of_a_newer_daemon_keeps_its_code(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(problem("moon_is_full", 418, retryable=False, phase="full"))
    error = caught(lambda: connect(socket_path=scripted.path).health())
    assert type(error) is ClaudemeshError
    assert (error.code, error.status, error.retryable) == ("moon_is_full", 418, False)
    assert error.details == {"phase": "full"}
    assert str(error) == "said moon_is_full [moon_is_full]"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("idempotency_key_reused", 409, ConflictError),
        ("lease_lost", 409, LeaseLostError),
        ("not_found", 404, NotFoundError),
        ("meta_too_large", 400, InvalidRequestError),
        ("meta_too_large", 400, ValueError),
    ],
)
def test_an_error_is_of_the_class_that_a_program_would_catch(
    connect: Connect, scripted: ScriptedDaemon, code: str, status: int, kind: type[Exception]
) -> None:
    scripted.says(problem(code, status, retryable=False))
    error = caught(lambda: connect(socket_path=scripted.path).health())
    assert isinstance(error, kind)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.message, again.retryable) == (type(error), code, error.message, False)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>", 502),
        Reply(b"not json"),
        Reply([1]),
        Reply({"state": 7}),
        Reply({**SENT, "outbox_id": "1"}),
        Reply({**SENT, "duplicate": 1}),
        Reply({"outbox_id": 1}),
        Reply(raw=b"SSH-2.0-x\r\n\r\n"),
    ],
)
def test_an_answer_that_is_none_is_a_protocol_error(connect: Connect, scripted: ScriptedDaemon, reply: Reply) -> None:
    scripted.says(*[reply] * 6)
    assert caught(lambda: connect(socket_path=scripted.path).send("@bob", "hi")).code == "protocol_error"


def test_what_a_newer_daemon_tells_besides_is_passed_over(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(Reply({**SENT, "state": "teleported", "mood": "good"}, 202))
    assert connect(socket_path=scripted.path).send("@bob", "hi").state == "teleported"


def test_bad_meta_is_refused_before_anything_is_sent(connect: Connect, scripted: ScriptedDaemon) -> None:
    mesh = connect(socket_path=scripted.path)
    for meta, code in [
        ({"a": 2**53}, "number_out_of_range"),
        ({1: 2}, "invalid_field"),
        ('{"a":1,"a":2}', "duplicate_key"),
    ]:
        assert caught(lambda meta=meta: mesh.send("@bob", "hi", meta=meta)).code == code  # type: ignore[misc]
    for call in (
        lambda: mesh.send("@bob", "\ud800"),
        lambda: mesh.send("@\ud800", "hi"),
        lambda: mesh.inbox.search("\ud800"),
        lambda: mesh.message("\ud800"),
    ):
        assert caught(call).code == "lone_surrogate"
    assert caught(lambda: mesh.send("@bob", "hi", mentions="@alice")).code == "invalid_field"
    assert scripted.asked == []


def test_meta_is_sent_in_its_canonical_form(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(*[Reply(SENT, 202)] * 3)
    mesh = connect(socket_path=scripted.path)
    mesh.send("@bob", "hi", meta={"b": 1.0, "a": "é"}, id="one")
    mesh.send("@bob", body=b"\x00\xff", meta={}, id="two", priority="now", reply_to="r", mentions=("@c",))
    mesh.send("@bob", "hi", meta='{"z":1e2}', id="three", attachments=[{"file_id": "f"}])
    first, second, third = scripted.asked
    assert first.body.decode().endswith(',"meta":{"a":"é","b":1}}')
    assert second.json() == {
        "to": "@bob",
        "body": "AP8",
        "client_message_id": "two",
        "priority": "now",
        "reply_to": "r",
        "mentions": ["@c"],
    }
    assert third.json()["meta"] == {"z": 100}
    assert third.json()["attachments"] == [{"file_id": "f"}]


def test_a_requeue_changes_what_is_given_and_takes_meta_away_when_told(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    scripted.says(*[problem("row_not_requeueable", 409, retryable=False)] * 4)
    mesh = connect(socket_path=scripted.path)
    for change in ({}, {"new_id": "b"}, {"message": "again", "meta": {"a": 1}}, {"meta": {}, "new_id": "c"}):
        caught(lambda change=change: mesh.outbox.requeue(7, **change))  # type: ignore[misc]
    assert [asked.json() for asked in scripted.asked] == [
        {},
        {"new_id": "b"},
        {"patch": {"message": "again", "meta": {"a": 1}}},
        {"new_id": "c", "patch": {"meta": None}},
    ]


def test_names_are_one_segment_of_a_path_whatever_they_hold(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(*[problem("not_found", 404, retryable=False)] * 4)
    mesh = connect(socket_path=scripted.path)
    for call in (
        lambda: mesh.message("a/../b?c#d"),
        lambda: mesh.topics.join("#a b"),
        lambda: mesh.queues.show("queue:é"),
        lambda: mesh.message(".."),
    ):
        caught(call)
    assert [asked.path for asked in scripted.asked] == [
        "/v1/messages/a%2F..%2Fb%3Fc%23d",
        "/v1/topics/a%20b/subscribe",
        "/v1/queues/%C3%A9",
        "/v1/messages/%2E%2E",
    ]


def test_connections_are_used_again_but_not_for_what_is_not_repeatable(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    topic = {"name": "t", "topic_id": "t", "subscribers": 1, "subscribed": True, "unsealed": False, "key": None}
    scripted.says(*[Reply(SENT, 202)] * 3, Reply(topic, 201))
    mesh = connect(socket_path=scripted.path)
    for _ in range(3):
        mesh.send("@bob", "hi")
    assert scripted.connections == 1
    mesh.topics.create("t")
    assert scripted.connections == 2


def test_a_connection_that_the_daemon_has_closed_meanwhile_is_not_noticed_by_the_caller(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    scripted.says(Reply(SENT, 202, close=True), Reply(SENT, 202))
    mesh = connect(socket_path=scripted.path)
    assert mesh.send("@bob", "one").outbox_id == mesh.send("@bob", "two").outbox_id
    assert len(scripted.asked) == 2


class Endless(io.RawIOBase):
    """A file that says how large it is and has more to say than anybody reads."""

    def __init__(self) -> None:
        self.given = 0

    def tell(self) -> int:
        return 0

    def seek(self, _offset: int, _whence: int = 0) -> int:
        return 1 << 40

    def read(self, size: int = -1) -> bytes:
        self.given += size
        return bytes(size)


def test_a_refusal_before_all_of_a_file_was_sent_ends_the_sending(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(EARLY)
    file = Endless()
    error = caught(lambda: connect(socket_path=scripted.path).files.put(file, name="large"))
    assert error.code == "files_full"
    assert file.given < 1 << 30


def test_a_file_that_is_shorter_than_it_was_is_not_waited_for(connect: Connect, scripted: ScriptedDaemon) -> None:
    scripted.says(HANG)

    class Shrunk(Endless):
        def read(self, size: int = -1) -> bytes:
            self.given += 1
            return b"x" if self.given == 1 else b""

    error = caught(lambda: connect(socket_path=scripted.path).files.put(Shrunk(), name="log"))
    assert (error.code, error.message) == ("usage", "the file changed while it was read")
    assert caught(lambda: connect(socket_path=scripted.path).files.put(b"x")).code == "missing_field"


def test_an_event_stream_goes_on_where_it_broke(connect: Connect, scripted: ScriptedDaemon) -> None:
    def stream(*events: str, **headers: str) -> Reply:
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return Reply(raw=f"HTTP/1.1 200 OK\r\n{head}\r\n{''.join(events)}".encode(), close=True)

    scripted.says(
        stream(last_event_id="40"),
        stream('id: 41\nevent: receipt\ndata: {"at":"t"}\n\n', "id: 42\nevent: mess"),
        problem("stopping", 503),
        stream('id: 42\nevent: message\ndata: {"at":"t"}\n\n'),
    )
    events = connect(socket_path=scripted.path).events()
    assert [(event.id, event.event) for event in (events.next(20), events.next(20))] == [
        (41, "receipt"),
        (42, "message"),
    ]
    events.close()
    resumed = [asked.headers.get("last-event-id") for asked in scripted.asked]
    assert resumed == [None, "40", "41", "41"]
    assert events.next(20) is None


def test_a_refused_stream_and_a_broken_one_that_cannot_be_mended_are_told(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    mesh = connect(socket_path=scripted.path)
    scripted.says(problem("too_many_streams", 429))
    assert caught(lambda: mesh.events()).code == "too_many_streams"
    scripted.says(
        Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n", close=True),
        problem("unauthorized", 401, retryable=False),
    )
    events = mesh.events()
    assert caught(lambda: events.next(20)).code == "unauthorized"
    events.close()


def test_an_iteration_of_events_is_ended_by_closing_them(scripted: ScriptedDaemon) -> None:
    scripted.says(Reply(raw=b'HTTP/1.1 200 OK\r\n\r\nid: 1\nevent: message\ndata: {"at":"t"}\n\n'))
    with claudemesh.connect(socket_path=scripted.path, environment={}) as mesh:
        events = mesh.events()
        seen: list[int] = []
        received = threading.Event()

        def read() -> None:
            for event in events:
                seen.append(event.id)
                received.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        assert received.wait(30)
        events.close()
        reader.join(10)
        assert not reader.is_alive()
        assert seen == [1]


@pytest.mark.parametrize("asked", [10**400, 10**15])
def test_whatever_a_daemon_asks_for_as_a_delay_is_no_error_of_its_own(
    connect: Connect, scripted: ScriptedDaemon, asked: int
) -> None:
    scripted.says(*[problem("rate_limited", 429, retry_after_ms=asked)] * 6)
    assert caught(lambda: connect(socket_path=scripted.path, timeout_s=10).health()).code == "rate_limited"


def test_what_a_refusal_says_is_safe_for_a_terminal_and_its_code_is_a_code(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    mesh = connect(socket_path=scripted.path)
    scripted.says(problem("invalid_field", 400, detail="a\x1b[31m\x9b\r\nb\u202e", hint="\x1b]0;t\x07", retryable=True))
    error = caught(lambda: mesh.health())
    assert str(error) == "a\\x1b[31m\\x9b\\x0d\nb\\u202e [invalid_field]; \\x1b]0;t\\x07"
    assert not error.retryable
    scripted.says(*[problem("\x1b[31m", 400)] * 6)
    assert caught(lambda: mesh.health()).code == "protocol_error"


def test_a_stream_that_is_refused_without_end_or_a_file_without_its_length_is_not_taken(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    mesh = connect(socket_path=scripted.path)
    scripted.says(Reply(b"x" * 2_000_000, 500))
    assert caught(lambda: mesh.events()).message == "the daemon refused with more than 1048576 bytes"
    scripted.says(Reply(raw=b"HTTP/1.1 200 OK\r\n\r\nbytes", close=True))
    assert caught(lambda: mesh.files.take("f", inbox_id=1)).code == "protocol_error"


def test_a_daemon_of_an_earlier_release_tells_its_version_without_what_came_later(
    connect: Connect, scripted: ScriptedDaemon
) -> None:
    told = {
        "daemon": "0.1.0",
        "ipc_api": "v1",
        "ipc_features": ["send"],
        "schema_version": 1,
        "broker_features": None,
        "file_bytes": 65_536,
        "inline_bytes": 65_483,
    }
    scripted.says(Reply(told))
    version = connect(socket_path=scripted.path).version()
    assert (version.daemon, version.required_features, version.feature_floors) == ("0.1.0", None, None)
