"""The client for programs without an event loop."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Generic, TypeVar

from . import _calls as calls
from ._calls import Call, Page, Sent
from ._discovery import find_endpoint
from ._errors import ClaudemeshError
from ._file_source import FileSource, chunks_of, opened
from ._http import Request, broken
from ._meta import Meta
from ._retry import Retry
from ._socket_transport import FOREVER_S, Deadline, SocketStream, SocketTransport
from ._sse import SILENCE_S, Event, EventFeed
from ._types import (
    Attachment,
    ClaimedMessage,
    Compat,
    DeadLetter,
    File,
    Health,
    HistoryItem,
    InboxItem,
    Invite,
    InviteMade,
    KeyHistory,
    LeaseEnded,
    LeaseExtended,
    Member,
    Message,
    OutboxRow,
    OutboxStatus,
    Priority,
    Queue,
    ReceiptStage,
    Role,
    SafetyNumber,
    SendAttachment,
    Topic,
    TopicKey,
    TopicMember,
    Undecryptable,
    Version,
)
from ._wait import LOOK_INTERVAL_S, judge, not_yet

T = TypeVar("T")

DEFAULT_TIMEOUT_S = 30.0


def connect(
    *,
    socket_path: str | os.PathLike[str] | None = None,
    home: str | os.PathLike[str] | None = None,
    mesh: str | None = None,
    port: int | None = None,
    token: str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    environment: Mapping[str, str] | None = None,
) -> Client:
    """A client of one daemon: at `socket_path`; at `port` of this host with `token`; or of `mesh` in `home`.

    Without any of these it is the daemon at CLAUDEMESH_DAEMON_SOCK; else the one of CLAUDEMESH_MESH, or the only one,
    in CLAUDEMESH_HOME or `~/.claudemesh`. Throws not_running where there is none, usage where there are several.
    Nothing is dialled yet: the first call finds out whether it runs. `timeout_s` is what every call may take that names
    no other.
    """
    source = find_endpoint(
        socket_path=socket_path,
        port=port,
        token=token,
        home=home,
        mesh=mesh,
        environment=os.environ if environment is None else environment,
    )
    return Client(SocketTransport(source), timeout_s)


class Paged(Generic[T]):
    """A page of a list; iterated, every item of it and of the pages after it, which are asked for when needed."""

    def __init__(self, ask: Callable[[str | None], Page[T]], cursor: str | None) -> None:
        self._ask = ask
        self._first = ask(cursor)

    @property
    def items(self) -> tuple[T, ...]:
        """What this page has."""
        return self._first.items

    @property
    def next_cursor(self) -> str | None:
        """Pass as `cursor` for the next page; None at the end."""
        return self._first.next_cursor

    def __iter__(self) -> Iterator[T]:
        page = self._first
        yield from page.items
        while page.next_cursor is not None:
            page = self._ask(page.next_cursor)
            yield from page.items


class _Core:
    """Performs calls, with their retries and their time."""

    def __init__(self, transport: SocketTransport, timeout_s: float) -> None:
        self.transport = transport
        self.timeout_s = timeout_s
        self.closed = threading.Event()

    def perform(self, call: Call[T], timeout_s: float | None, *, answered: bool = False) -> T:
        deadline = Deadline(call.request, self.timeout_s + call.extra_s if timeout_s is None else timeout_s)
        retry = Retry(repeatable=call.request.repeatable, answered=answered)
        while True:
            try:
                return call.read(self.transport.exchange(call.request, deadline))
            except ClaudemeshError as error:
                delay = retry.delay_s(error, deadline.left_s())
                if delay is None or self.closed.wait(delay):
                    raise

    def pages(
        self, page_after: Callable[[str | None], Call[Page[T]]], cursor: str | None, timeout_s: float | None
    ) -> Paged[T]:
        return Paged(lambda after: self.perform(page_after(after), timeout_s), cursor)


class Client:
    """A daemon's local API. Every call throws ClaudemeshError; not_running when no daemon answers.

    Safe for several threads. What fails on the way is repeated, but for calls that would do their work twice; a message
    carries the same id each time, so that a retry never sends twice. `with connect() as mesh:` closes its connections.
    """

    def __init__(self, transport: SocketTransport, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._core = _Core(transport, timeout_s)
        self.outbox = Outbox(self._core)
        self.inbox = Inbox(self._core)
        self.topics = Topics(self._core)
        self.queues = Queues(self._core)
        self.invites = Invites(self._core)
        self.files = Files(self._core)

    def send(
        self,
        to: str,
        message: str | None = None,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        priority: Priority | None = None,
        meta: Meta = None,
        mentions: Sequence[str] | None = None,
        reply_to: str | None = None,
        id: str | None = None,
        attachments: Sequence[SendAttachment] | None = None,
        wait: ReceiptStage | None = None,
        timeout_s: float | None = None,
    ) -> Sent:
        """Sends `message` (a text) or `body` (bytes) to `@name`, `@name/agent`, `#topic` or `queue:name`.

        Returns once it is on disk here; with `wait`, once that stage is true. Sent again with the same `id` and the
        same content it is the same message. `meta` is a dict, or the text of a JSON object; the broker can read it.
        """
        call = calls.send(to, message, body, content_type, priority, meta, mentions, reply_to, id, attachments)
        deadline = Deadline("send", self._core.timeout_s if timeout_s is None else timeout_s)
        sent = self._core.perform(call, timeout_s)
        if wait is None:
            return sent
        reached = self.wait_for(sent.outbox_id, wait, timeout_s=max(deadline.left_s(), 0))
        return Sent(**{**vars(sent), "message": reached})

    def message(self, id: str | int, *, timeout_s: float | None = None) -> Message:
        """State and receipts, by outbox_id, the sender's id or the id on the wire."""
        return self._core.perform(calls.message(id), timeout_s)

    def wait_for(
        self,
        id: str | int,
        stage: ReceiptStage,
        *,
        timeout_s: float | None = None,
        on_look: Callable[[Message], object] | None = None,
    ) -> Message:
        """Returns when the stage is true. Throws timed_out, or the reason when the message ended dead or aborted."""
        deadline = Deadline(f"waiting for {stage}", self._core.timeout_s if timeout_s is None else timeout_s)
        last: Message | None = None
        # Open before the first look: a receipt that comes while the answer is under way is not missed.
        watch = self._watch(deadline)
        try:
            while True:
                left = deadline.require()
                last = self._core.perform(calls.message(id), left, answered=last is not None)
                if on_look is not None:
                    on_look(last)
                if judge(last, stage):
                    return last
                watch = self._until_receipt(watch, min(LOOK_INTERVAL_S, max(deadline.left_s(), 0)))
        except ClaudemeshError as error:
            if error.code != "timed_out":
                raise
            raise not_yet(last, stage) from error
        finally:
            if watch is not None:
                watch.close()

    def _watch(self, deadline: Deadline) -> EventStream | None:
        try:
            return EventStream(self._core, None, timeout_s=max(deadline.left_s(), 0))
        except ClaudemeshError:
            # Without a stream the waiting goes on by looking, which also says what is wrong.
            return None

    def _until_receipt(self, watch: EventStream | None, timeout_s: float) -> EventStream | None:
        until = time.monotonic() + timeout_s
        if watch is not None:
            try:
                while (event := watch.next(max(until - time.monotonic(), 0))) is not None:
                    if event.event == "receipt":
                        break
                return watch
            except ClaudemeshError:
                watch.close()
        self._core.closed.wait(max(until - time.monotonic(), 0))
        return None

    def mentions(
        self,
        *,
        newest: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Paged[InboxItem]:
        """Of what was received here, what mentions this member."""
        return self._core.pages(lambda after: calls.mentions(newest, after, limit), cursor, timeout_s)

    def history(
        self, address: str, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> Paged[HistoryItem]:
        """The broker's copy, newest first: `#topic`, or `dm` for this member's own direct messages. Needs the link."""
        return self._core.pages(lambda after: calls.history(address, after, limit), cursor, timeout_s)

    def mention_history(
        self, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> Paged[HistoryItem]:
        """Of what the broker keeps, what mentions this member, whichever host received it. Needs the link."""
        return self._core.pages(lambda after: calls.mention_history(after, limit), cursor, timeout_s)

    def events(self, *, after: int | None = None, timeout_s: float | None = None) -> EventStream:
        """What happens at the daemon, each event once, across its restarts: from the id `after` on, or from now on.

        Returns when the stream stands: from then on nothing is missed. `timeout_s` is for that.
        """
        return EventStream(self._core, after, timeout_s=self._core.timeout_s if timeout_s is None else timeout_s)

    def members(self, *, ended: bool | None = None, timeout_s: float | None = None) -> tuple[Member, ...]:
        """Who belongs to the mesh; `ended`: also those who left or were revoked."""
        return self._core.perform(calls.members(ended), timeout_s)

    def safety_number(self, member: str, *, timeout_s: float | None = None) -> SafetyNumber:
        """Sixty digits for two members to compare over another way than this mesh."""
        return self._core.perform(calls.safety_number(member), timeout_s)

    def health(self, *, timeout_s: float | None = None) -> Health:
        """How the daemon is, and its link to the broker."""
        return self._core.perform(calls.health(), timeout_s)

    def version(self, *, timeout_s: float | None = None) -> Version:
        """The daemon's version, and what it has negotiated with the broker."""
        return self._core.perform(calls.version(), timeout_s)

    def compat(self, *, timeout_s: float | None = None) -> Compat:
        """What the daemon can speak."""
        return self._core.perform(calls.compat(), timeout_s)

    def metrics(self, *, timeout_s: float | None = None) -> str:
        """Prometheus text."""
        return self._core.perform(calls.metrics(), timeout_s)

    def shutdown(self, *, timeout_s: float | None = None) -> None:
        """Asks the daemon to stop; it does so after answering."""
        self._core.perform(calls.shutdown(), timeout_s)

    def close(self) -> None:
        """Closes idle connections, and ends waiting between attempts. Requests under way go on."""
        self._core.closed.set()
        self._core.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class EventStream:
    """The daemon's events in order, each once. Iterate it; `close`, from any thread, ends the iteration."""

    def __init__(self, core: _Core, after: int | None, *, timeout_s: float) -> None:
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


class _Group:
    def __init__(self, core: _Core) -> None:
        self._core = core


class Outbox(_Group):
    """What this host has to send, and what became of it."""

    def list(
        self,
        *,
        state: OutboxStatus | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Paged[OutboxRow]:
        return self._core.pages(lambda after: calls.outbox_list(state, after, limit), cursor, timeout_s)

    def inspect(self, outbox_id: int, *, timeout_s: float | None = None) -> OutboxRow:
        return self._core.perform(calls.outbox_inspect(outbox_id), timeout_s)

    def requeue(
        self,
        outbox_id: int,
        *,
        new_id: str | None = None,
        message: str | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        priority: Priority | None = None,
        meta: Meta = None,
        timeout_s: float | None = None,
    ) -> OutboxRow:
        """A new row in place of a pending or dead one, under a new id, with what is given here instead of what it said.
        `meta={}` takes its meta away. Not repeated by itself: each call makes another one."""
        call = calls.outbox_requeue(outbox_id, new_id, message, body, content_type, priority, meta)
        return self._core.perform(call, timeout_s)

    def drop(self, outbox_id: int, *, force: bool | None = None, timeout_s: float | None = None) -> OutboxRow:
        """Gives a row up. By force also one whose fate only the broker knows: it may have been sent."""
        return self._core.perform(calls.outbox_drop(outbox_id, force), timeout_s)


class Inbox(_Group):
    """What this host has received."""

    def list(
        self,
        *,
        since: int | None = None,
        topic: str | None = None,
        from_: str | None = None,
        agent: str | None = None,
        unread: bool | None = None,
        newest: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> Paged[InboxItem]:
        """In order of arrival, or the newest first; `since`: after this inbox_id."""
        return self._core.pages(
            lambda after: calls.inbox_list(since, topic, from_, agent, unread, newest, after, limit), cursor, timeout_s
        )

    def search(
        self, query: str, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> Paged[InboxItem]:
        return self._core.pages(lambda after: calls.inbox_search(query, after, limit), cursor, timeout_s)

    def undecryptable(
        self, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> Paged[Undecryptable]:
        """What was received and cannot be opened, in order of arrival."""
        return self._core.pages(lambda after: calls.inbox_undecryptable(after, limit), cursor, timeout_s)

    def item(self, inbox_id: int, *, timeout_s: float | None = None) -> InboxItem:
        return self._core.perform(calls.inbox_item(inbox_id), timeout_s)

    def mark_read(self, inbox_id: int, *, timeout_s: float | None = None) -> InboxItem:
        return self._core.perform(calls.inbox_mark_read(inbox_id), timeout_s)


class Topics(_Group):
    """What is sent to a topic, all who have joined it receive."""

    def list(self, *, timeout_s: float | None = None) -> tuple[Topic, ...]:
        return self._core.perform(calls.topic_list(), timeout_s)

    def create(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return self._core.perform(calls.topic_create(name), timeout_s)

    def join(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return self._core.perform(calls.topic_join(name), timeout_s)

    def leave(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return self._core.perform(calls.topic_leave(name), timeout_s)

    def members(self, name: str, *, timeout_s: float | None = None) -> tuple[TopicMember, ...]:
        """Who has joined it, asked of the broker now."""
        return self._core.perform(calls.topic_members(name), timeout_s)

    def rotate(self, name: str, *, history: KeyHistory | None = None, timeout_s: float | None = None) -> TopicKey:
        """A new key, from now on."""
        return self._core.perform(calls.topic_rotate(name, history), timeout_s)


class Invites(_Group):
    """Links by which others join the mesh."""

    def create(
        self,
        *,
        expires_in_s: int | None = None,
        uses: int | None = None,
        role: Role | None = None,
        address: str | None = None,
        timeout_s: float | None = None,
    ) -> InviteMade:
        """Not repeated by itself: each call makes another one."""
        return self._core.perform(calls.invite_create(expires_in_s, uses, role, address), timeout_s)

    def list(self, *, timeout_s: float | None = None) -> tuple[Invite, ...]:
        return self._core.perform(calls.invite_list(), timeout_s)

    def revoke(self, invite_id: str, *, timeout_s: float | None = None) -> Invite:
        return self._core.perform(calls.invite_revoke(invite_id), timeout_s)


class Queues(_Group):
    """Work that one consumer takes at a time. All but sending needs the link to the broker."""

    def list(self, *, timeout_s: float | None = None) -> tuple[Queue, ...]:
        return self._core.perform(calls.queue_list(), timeout_s)

    def create(self, name: str, *, deliveries_max: int | None = None, timeout_s: float | None = None) -> Queue:
        return self._core.perform(calls.queue_create(name, deliveries_max), timeout_s)

    def show(self, name: str, *, timeout_s: float | None = None) -> Queue:
        return self._core.perform(calls.queue_show(name), timeout_s)

    def rotate(self, name: str, *, history: KeyHistory | None = None, timeout_s: float | None = None) -> TopicKey:
        """A new key, from now on."""
        return self._core.perform(calls.queue_rotate(name, history), timeout_s)

    def delete(self, name: str, *, force: bool | None = None, timeout_s: float | None = None) -> str:
        """By force also what nobody has acknowledged is given up; its senders are told. Returns the name."""
        return self._core.perform(calls.queue_delete(name, force), timeout_s)

    def claim(
        self,
        name: str,
        *,
        limit: int | None = None,
        lease_s: int | None = None,
        wait_s: int | None = None,
        timeout_s: float | None = None,
    ) -> tuple[ClaimedMessage, ...]:
        """Takes messages under a lease of `lease_s` (60); none when nothing came within `wait_s` (0). Not repeated by
        itself: what a lost answer held comes again once its lease is over."""
        return self._core.perform(calls.queue_claim(name, limit, lease_s, wait_s), timeout_s)

    def ack(self, name: str, lease_id: str, *, timeout_s: float | None = None) -> LeaseEnded:
        """The message is done with. Throws lease_lost once the lease is over."""
        return self._core.perform(calls.queue_ack(name, lease_id), timeout_s)

    def nack(
        self,
        name: str,
        lease_id: str,
        *,
        delay_s: int | None = None,
        reason: str | None = None,
        timeout_s: float | None = None,
    ) -> LeaseEnded:
        """Gives the message back, for others to take after `delay_s`."""
        return self._core.perform(calls.queue_nack(name, lease_id, delay_s, reason), timeout_s)

    def extend(
        self, name: str, lease_id: str, *, lease_s: int | None = None, timeout_s: float | None = None
    ) -> LeaseExtended:
        return self._core.perform(calls.queue_extend(name, lease_id, lease_s), timeout_s)

    def dead(
        self, name: str, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> Paged[DeadLetter]:
        """What was delivered as often as the queue allows and acknowledged by nobody."""
        return self._core.pages(lambda after: calls.queue_dead(name, after, limit), cursor, timeout_s)

    def requeue(self, name: str, *, history_ids: Sequence[int] | None = None, timeout_s: float | None = None) -> int:
        """Dead letters by their history_id, or all of them; returns how many."""
        return self._core.perform(calls.queue_requeue(name, history_ids), timeout_s)

    def work(
        self,
        name: str,
        handler: Callable[[ClaimedMessage, threading.Event], object],
        *,
        lease_s: int = 60,
        delay_s: int = 0,
        stop: threading.Event | None = None,
        on_failure: Callable[[ClaimedMessage, ClaudemeshError, str], object] | None = None,
    ) -> int:
        """Works on one message after the other until `stop` is set, and returns how many were acknowledged.

        Each is acknowledged when `handler` returns and given back, for `delay_s`, when it throws. The lease is extended
        for as long as the handler runs; its second argument is set when the lease is lost all the same, and another
        consumer may have the message. A daemon or broker that is away is waited for; what repeating cannot mend is
        thrown. `on_failure` is told of each message that was not done with, and what it became: `ready`, `dead` or
        `lost`.
        """
        from ._work import Worker

        return Worker(self, name, handler, lease_s, delay_s, stop or threading.Event(), on_failure).run()


class Files(_Group):
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
        self.bytes = int(stream.headers.get("content-length", "0"))

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
