"""Both clients against a live daemon and broker."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Driven, Host

import claudemesh
from claudemesh import ClaudemeshError, ConflictError, NotFoundError


def every(page: Any) -> list[Any]:
    """All items of a list, over all its pages."""
    if isinstance(page, claudemesh.Paged):
        return list(page)
    return list(page.items)


def test_a_message_is_sent_waited_for_read_and_answered(mesh: Any) -> None:
    sent = mesh.send("@alice", "héllo", meta={"run": 7}, wait="delivered")
    assert [stage.stage for stage in sent.message.stages][:3] == ["queued", "accepted", "delivered"]
    found = every(mesh.inbox.list(newest=True, limit=1))[0]
    assert (found.message, found.content, found.meta) == ("héllo", "héllo".encode(), {"run": 7})
    assert found.from_.name == "alice"
    assert found.encrypted
    assert found.verified
    assert mesh.inbox.item(found.inbox_id).message == "héllo"
    assert mesh.inbox.mark_read(found.inbox_id).read_at is not None
    answered = mesh.send("@alice", body=b"\x00\xff", reply_to=found.broker_message_id, wait="delivered")
    answer = every(mesh.inbox.list(since=found.inbox_id))[-1]
    assert (answer.content, answer.message, answer.reply_to) == (b"\x00\xff", None, found.broker_message_id)
    assert mesh.message(answered.outbox_id).history_id == answer.history_id


def test_the_same_id_with_the_same_request_is_the_same_message(mesh: Any, request: pytest.FixtureRequest) -> None:
    name = request.node.name
    first = mesh.send("@alice", "once", id=name, wait="accepted")
    again = mesh.send("@alice", "once", id=name)
    assert (again.outbox_id, again.duplicate) == (first.outbox_id, True)
    with pytest.raises(ConflictError) as caught:
        mesh.send("@alice", "twice", id=name)
    assert caught.value.details["conflict"] == "outbox_done_fingerprint_mismatch"
    assert caught.value.hint


def test_a_list_is_iterated_over_all_its_pages(mesh: Any) -> None:
    for number in range(5):
        mesh.send("@alice", f"page {number}", wait="delivered")
    page = mesh.inbox.list(newest=True, limit=2)
    assert len(page.items) == 2
    assert page.next_cursor is not None
    following = mesh.inbox.list(newest=True, limit=2, cursor=page.next_cursor)
    texts = [item.message for item in (*page.items, *following.items)]
    assert texts == ["page 4", "page 3", "page 2", "page 1"]
    if isinstance(page, claudemesh.Paged):
        assert [item.message for item in page][:5] == [*texts, "page 0"]


def test_what_was_received_is_found_by_its_words_and_in_the_history(mesh: Any, request: pytest.FixtureRequest) -> None:
    word = f"needle{abs(hash(request.node.name))}"
    mesh.send("@alice", f"a {word} in hay", wait="delivered")
    assert [item.message for item in every(mesh.inbox.search(word))] == [f"a {word} in hay"]
    newest = mesh.history("dm", limit=1).items[0]
    assert (newest.message, newest.unavailable) == (f"a {word} in hay", None)
    assert newest.to_json()["topic"] is None
    assert "unavailable" not in newest.to_json()


def test_a_topic_is_created_joined_left_and_told_about(mesh: Any, request: pytest.FixtureRequest) -> None:
    name = "t-" + request.node.callspec.params["connect"]
    assert mesh.topics.create(f"#{name}").subscribed
    assert name in [topic.name for topic in mesh.topics.list()]
    assert [member.name for member in mesh.topics.members(name)] == ["alice"]
    mesh.send(f"#{name}", "to all", wait="delivered")
    assert not mesh.topics.leave(name).subscribed
    assert mesh.topics.join(name).subscribed
    with pytest.raises(ClaudemeshError, match="already_exists"):
        mesh.topics.create(name)
    with pytest.raises(NotFoundError):
        mesh.topics.members("no-such-topic")


def test_work_is_claimed_given_back_extended_and_acknowledged(mesh: Any, request: pytest.FixtureRequest) -> None:
    name = "q-" + request.node.callspec.params["connect"]
    assert mesh.queues.create(name, deliveries_max=2).deliveries_max == 2
    assert mesh.queues.claim(name) == ()
    mesh.send(f"queue:{name}", "job", wait="accepted")
    (claimed,) = mesh.queues.claim(name, lease_s=30, wait_s=5)
    assert (claimed.message, claimed.deliveries) == ("job", 1)
    assert mesh.queues.extend(name, claimed.lease_id, lease_s=60).lease_until > claimed.lease_until
    assert mesh.queues.nack(name, claimed.lease_id, reason="not today").state == "ready"
    with pytest.raises(ClaudemeshError, match="lease_lost"):
        mesh.queues.ack(name, claimed.lease_id)
    (again,) = mesh.queues.claim(name, wait_s=5)
    assert mesh.queues.nack(name, again.lease_id, reason="never").state == "dead"
    (dead,) = mesh.queues.dead(name).items
    assert (dead.message, dead.reason) == ("job", "never")
    assert mesh.queues.requeue(name) == 1
    (last,) = mesh.queues.claim(name, wait_s=5)
    assert mesh.queues.ack(name, last.lease_id).state == "done"
    assert mesh.queues.show(name).messages.ready == 0
    assert mesh.queues.delete(name) == name
    assert name not in [queue.name for queue in mesh.queues.list()]


def test_a_file_goes_with_a_message_and_is_taken_from_where_one_likes(mesh: Any, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4_096
    (tmp_path / "all bytes.bin").write_bytes(content)
    file = mesh.files.put(tmp_path / "all bytes.bin", content_type="application/x-bytes")
    assert (file.name, file.bytes) == ("all bytes.bin", len(content))
    with open(tmp_path / "all bytes.bin", "rb") as source:
        source.seek(1)
        assert mesh.files.put(source, name="rest").bytes == len(content) - 1
    mesh.send("@alice", "see there", attachments=[{"file_id": file.file_id}], wait="delivered")
    item = mesh.inbox.list(newest=True, limit=1).items[0]
    (brought,) = mesh.files.list(inbox_id=item.inbox_id)
    assert brought == item.attachments[0]
    whole = mesh.files.take(brought.file_id, inbox_id=item.inbox_id)
    assert whole.bytes == len(content)
    assert whole.read() == content
    rest = mesh.files.take(brought.file_id, history=("dm", item.history_id), start=len(content) - 3)
    assert rest.read() == content[-3:]
    for taken in (whole, rest):
        taken.close()
    with pytest.raises(ClaudemeshError, match="usage"):
        mesh.files.list()


def test_over_a_port_the_token_is_needed(connect: Callable[..., Any], host: Host) -> None:
    port = int((host.folder / "http.port").read_text())
    token = (host.folder / "local_token").read_text().strip()
    assert connect(port=port, token=token).health().member.name == "alice"
    with pytest.raises(ClaudemeshError, match="unauthorized"):
        connect(port=port, token="wrong").health()


def test_the_daemon_tells_of_itself(mesh: Any) -> None:
    health = mesh.health()
    assert (health.status, health.link.state) == ("ok", "connected")
    assert "client_message_id_dedupe" in mesh.version().broker_features
    assert "sha256-jcs-v2" in mesh.compat().fingerprint_versions
    assert [member.name for member in mesh.members() if member.self_] == ["alice"]
    assert "cm_daemon" in mesh.metrics()
    assert mesh.inbox.undecryptable().items == ()


def test_what_mentions_a_member_is_listed_here_and_at_the_broker(mesh: Any, request: pytest.FixtureRequest) -> None:
    mesh.send("@alice", request.node.name, mentions=["@alice"], wait="delivered")
    for found in (mesh.mentions(newest=True, limit=1), mesh.mention_history(limit=1)):
        assert [item.message for item in found.items] == [request.node.name]
    invite = mesh.invites.create(uses=2, expires_in_s=60)
    assert invite.link
    assert mesh.invites.revoke(invite.invite_id).state == "revoked"
    assert "revoked" in [each.state for each in mesh.invites.list()]


def test_an_outbox_row_is_inspected(mesh: Any) -> None:
    sent = mesh.send("@alice", "row", wait="accepted")
    row = mesh.outbox.inspect(sent.outbox_id)
    assert (row.to, row.status, row.body_bytes) == ("@alice", "done", 3)
    assert sent.outbox_id in [each.outbox_id for each in every(mesh.outbox.list(state="done", limit=1_000))]
    with pytest.raises(ClaudemeshError) as caught:
        mesh.outbox.requeue(sent.outbox_id)
    assert caught.value.code == "row_not_requeueable"


def test_a_message_that_never_gets_there_is_timed_out_with_what_is_known(mesh: Any) -> None:
    sent = mesh.send("@alice", "never read", wait="delivered")
    with pytest.raises(ClaudemeshError) as caught:
        mesh.wait_for(sent.outbox_id, "read", timeout_s=0.2)
    assert caught.value.code == "timed_out"
    assert caught.value.details["message"]["outbox_id"] == sent.outbox_id


def test_events_come_each_once_across_a_restart_of_the_daemon(connect: Callable[..., Any], own_host: Host) -> None:
    mesh = connect(home=own_host.home)
    events = mesh.events()
    mesh.send("@alice", "before", wait="delivered")
    before = until(events, "message")
    assert before.inbox_item().message == "before"
    own_host.run("down")
    own_host.run("up", "--persistent", "--name", "alice", "--http")
    sent = mesh.send("@alice", "after", wait="delivered")
    after = until(events, "message")
    assert after.inbox_item().message == "after"
    assert after.id > before.id
    events.close()
    told = mesh.events(after=before.id)
    until(told, "receipt", lambda event: event.receipt().client_message_id == sent.client_message_id)
    told.close()


def until(events: Any, name: str, wanted: Callable[[Any], bool] = lambda _event: True) -> Any:
    while (event := events.next(30)) is not None:
        if event.event == name and wanted(event):
            return event
    raise AssertionError(f"no {name} came")


def test_threads_share_a_client_and_each_message_is_sent_once(host: Host) -> None:
    with claudemesh.connect(socket_path=host.socket_path, environment={}) as mesh:
        sent: list[claudemesh.SendResult] = []

        def send() -> None:
            sent.extend(mesh.send("@alice", f"from {threading.get_ident()}") for _ in range(10))

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({each.outbox_id for each in sent}) == 80


def test_a_worker_acknowledges_what_it_has_done_and_gives_back_what_failed(host: Host) -> None:
    with claudemesh.connect(socket_path=host.socket_path, environment={}) as mesh:
        mesh.queues.create("worked", deliveries_max=2)
        for text in ("good", "bad", "last"):
            mesh.send("queue:worked", text, wait="accepted")
        stop = threading.Event()
        failures: list[tuple[str | None, str, str]] = []

        def handle(message: claudemesh.ClaimedMessage, lost: threading.Event) -> None:
            assert not lost.is_set()
            if message.message == "bad":
                raise ValueError("cannot\nbe done")
            if message.message == "last":
                stop.set()

        done = mesh.queues.work(
            "worked",
            handle,
            stop=stop,
            on_failure=lambda message, error, became: failures.append((message.message, error.message, became)),
        )
        left = mesh.queues.claim("worked", wait_s=1) if len(failures) == 1 else ()
        assert done == 2
        assert failures[0] == ("bad", "cannot\nbe done", "ready")
        with contextlib.suppress(ClaudemeshError):
            for message in left:
                mesh.queues.ack("worked", message.lease_id)


def test_a_lease_is_kept_while_the_handler_runs_and_told_when_it_is_lost(host: Host) -> None:
    with claudemesh.connect(socket_path=host.socket_path, environment={}) as mesh:
        mesh.queues.create("kept")
        mesh.send("queue:kept", "long", wait="accepted")
        stop = threading.Event()
        became: list[str] = []

        def handle(message: claudemesh.ClaimedMessage, lost: threading.Event) -> None:
            # Another one acknowledges it, so that the next extension is refused.
            mesh.queues.ack("kept", message.lease_id)
            assert lost.wait(30)
            stop.set()

        done = mesh.queues.work(
            "kept", handle, lease_s=1, stop=stop, on_failure=lambda _message, _error, how: became.append(how)
        )
        assert (done, became) == (0, ["lost"])


def test_a_client_that_is_driven_has_no_part_that_is_not_there(mesh: Any) -> None:
    if isinstance(mesh, Driven):
        with pytest.raises(AttributeError):
            mesh.no_such_word  # noqa: B018
