"""The client for programs on an asyncio event loop: the same words as `claudemesh.connect`, awaited."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, BinaryIO, Generic, NoReturn, TypeVar

from . import _calls as calls
from ._calls import Call, Page, Sent
from ._client import DEFAULT_TIMEOUT_S
from ._discovery import find_endpoint
from ._errors import ClaudemeshError
from ._file_source import PIECE_BYTES, FileSource, opened
from ._http import Request, broken
from ._meta import Meta
from ._retry import Retry
from ._socket_transport import FOREVER_S, Deadline
from ._sse import SILENCE_S, Event, EventFeed
from ._stream_transport import ByteStream, StreamTransport, Within
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

__all__ = ["AsyncClient", "AsyncEventStream", "AsyncPaged", "AsyncTakenFile", "connect"]

T = TypeVar("T")


def connect(
    *,
    socket_path: str | os.PathLike[str] | None = None,
    home: str | os.PathLike[str] | None = None,
    mesh: str | None = None,
    port: int | None = None,
    token: str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    environment: Mapping[str, str] | None = None,
) -> AsyncClient:
    """A client of one daemon, found as by `claudemesh.connect`. Not awaited: nothing is dialled yet."""
    source = find_endpoint(
        socket_path=socket_path,
        port=port,
        token=token,
        home=home,
        mesh=mesh,
        environment=os.environ if environment is None else environment,
    )
    return AsyncClient(StreamTransport(source), timeout_s)


class AsyncPaged(Generic[T]):
    """A page that is asked for when it is awaited; iterated, every item of it and of the pages after it."""

    def __init__(self, ask: Callable[[str | None], Awaitable[Page[T]]], cursor: str | None) -> None:
        self._ask = ask
        self._cursor = cursor

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self._ask(self._cursor).__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        cursor = self._cursor
        while True:
            page = await self._ask(cursor)
            for item in page.items:
                yield item
            if page.next_cursor is None:
                return
            cursor = page.next_cursor


class _Core:
    """Performs calls, with their retries and their time."""

    def __init__(self, transport: StreamTransport, timeout_s: float) -> None:
        self.transport = transport
        self.timeout_s = timeout_s

    async def perform(self, call: Call[T], timeout_s: float | None, *, answered: bool = False) -> T:
        deadline = Deadline(call.request, self.timeout_s + call.extra_s if timeout_s is None else timeout_s)
        retry = Retry(repeatable=call.request.repeatable, answered=answered)
        while True:
            try:
                return call.read(await self.transport.exchange(call.request, deadline))
            except ClaudemeshError as error:
                delay = retry.delay_s(error, deadline.left_s())
                if delay is None:
                    raise
            await asyncio.sleep(delay)

    def pages(
        self, page_after: Callable[[str | None], Call[Page[T]]], cursor: str | None, timeout_s: float | None
    ) -> AsyncPaged[T]:
        return AsyncPaged(lambda after: self.perform(page_after(after), timeout_s), cursor)


class AsyncClient:
    """A daemon's local API. Every call throws ClaudemeshError; not_running when no daemon answers.

    Of one event loop, whose tasks may share it. A call that is cancelled ends at once; what it sent may still have its
    effect, and a send repeated with the same id is the same message. `async with connect() as mesh:` closes its
    connections.
    """

    def __init__(self, transport: StreamTransport, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._core = _Core(transport, timeout_s)
        self.outbox = Outbox(self._core)
        self.inbox = Inbox(self._core)
        self.topics = Topics(self._core)
        self.queues = Queues(self._core)
        self.invites = Invites(self._core)
        self.files = Files(self._core)

    async def send(
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
        sent = await self._core.perform(call, timeout_s)
        if wait is None:
            return sent
        reached = await self.wait_for(sent.outbox_id, wait, timeout_s=max(deadline.left_s(), 0))
        return Sent(**{**vars(sent), "message": reached})

    async def message(self, id: str | int, *, timeout_s: float | None = None) -> Message:
        """State and receipts, by outbox_id, the sender's id or the id on the wire."""
        return await self._core.perform(calls.message(id), timeout_s)

    async def wait_for(
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
        watch = await self._watch(deadline)
        try:
            while True:
                left = deadline.require()
                last = await self._core.perform(calls.message(id), left, answered=last is not None)
                if on_look is not None:
                    on_look(last)
                if judge(last, stage):
                    return last
                watch = await self._until_receipt(watch, min(LOOK_INTERVAL_S, max(deadline.left_s(), 0)))
        except ClaudemeshError as error:
            if error.code != "timed_out":
                raise
            raise not_yet(last, stage) from error
        finally:
            if watch is not None:
                await watch.close()

    async def _watch(self, deadline: Deadline) -> AsyncEventStream | None:
        watch = AsyncEventStream(self._core, None)
        try:
            await watch.open(timeout_s=max(deadline.left_s(), 0))
            return watch
        except ClaudemeshError:
            # Without a stream the waiting goes on by looking, which also says what is wrong.
            return None

    async def _until_receipt(self, watch: AsyncEventStream | None, timeout_s: float) -> AsyncEventStream | None:
        until = time.monotonic() + timeout_s
        if watch is not None:
            try:
                while (event := await watch.next(max(until - time.monotonic(), 0))) is not None:
                    if event.event == "receipt":
                        break
                return watch
            except ClaudemeshError:
                await watch.close()
        await asyncio.sleep(max(until - time.monotonic(), 0))
        return None

    def mentions(
        self,
        *,
        newest: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> AsyncPaged[InboxItem]:
        """Of what was received here, what mentions this member."""
        return self._core.pages(lambda after: calls.mentions(newest, after, limit), cursor, timeout_s)

    def history(
        self, address: str, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> AsyncPaged[HistoryItem]:
        """The broker's copy, newest first: `#topic`, or `dm` for this member's own direct messages. Needs the link."""
        return self._core.pages(lambda after: calls.history(address, after, limit), cursor, timeout_s)

    def mention_history(
        self, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> AsyncPaged[HistoryItem]:
        """Of what the broker keeps, what mentions this member, whichever host received it. Needs the link."""
        return self._core.pages(lambda after: calls.mention_history(after, limit), cursor, timeout_s)

    def events(self, *, after: int | None = None) -> AsyncEventStream:
        """What happens at the daemon, each event once, across its restarts: from the id `after` on, or from now on.

        It is opened by `async with`, by `open()` or by the first step of `async for`: from then on nothing is missed.
        """
        return AsyncEventStream(self._core, after)

    async def members(self, *, ended: bool | None = None, timeout_s: float | None = None) -> tuple[Member, ...]:
        """Who belongs to the mesh; `ended`: also those who left or were revoked."""
        return await self._core.perform(calls.members(ended), timeout_s)

    async def safety_number(self, member: str, *, timeout_s: float | None = None) -> SafetyNumber:
        """Sixty digits for two members to compare over another way than this mesh."""
        return await self._core.perform(calls.safety_number(member), timeout_s)

    async def health(self, *, timeout_s: float | None = None) -> Health:
        """How the daemon is, and its link to the broker."""
        return await self._core.perform(calls.health(), timeout_s)

    async def version(self, *, timeout_s: float | None = None) -> Version:
        """The daemon's version, and what it has negotiated with the broker."""
        return await self._core.perform(calls.version(), timeout_s)

    async def compat(self, *, timeout_s: float | None = None) -> Compat:
        """What the daemon can speak."""
        return await self._core.perform(calls.compat(), timeout_s)

    async def metrics(self, *, timeout_s: float | None = None) -> str:
        """Prometheus text."""
        return await self._core.perform(calls.metrics(), timeout_s)

    async def shutdown(self, *, timeout_s: float | None = None) -> None:
        """Asks the daemon to stop; it does so after answering."""
        await self._core.perform(calls.shutdown(), timeout_s)

    async def close(self) -> None:
        """Closes idle connections. Requests under way go on."""
        self._core.transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncEventStream:
    """The daemon's events in order, each once. One task reads; `close` ends the iteration."""

    def __init__(self, core: _Core, after: int | None) -> None:
        self._core = core
        self._feed = EventFeed(after)
        self._pending: deque[Event] = deque()
        self._closed = asyncio.Event()
        self._heard_at = 0.0
        self._retry_at = 0.0
        self._stream: ByteStream | None = None

    async def open(self, *, timeout_s: float | None = None) -> AsyncEventStream:
        """Returns when the stream stands: from then on nothing is missed. Throws not_running when no daemon answers."""
        if not self._feed.is_open:
            await self._connect(self._core.timeout_s if timeout_s is None else timeout_s)
        return self

    async def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event; None when none came in time, or the stream was closed. Cancelled, it loses none."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            if self._pending:
                return self._pending.popleft()
            left = SILENCE_S if until is None else until - time.monotonic()
            if self._closed.is_set() or left <= 0:
                return None
            try:
                await self._advance(left)
            except ClaudemeshError as error:
                self._drop()
                if not self._closed.is_set():
                    self._retry_at = time.monotonic() + self._feed.broke(error)

    async def close(self) -> None:
        self._closed.set()
        self._drop()

    async def _connect(self, timeout_s: float) -> None:
        request = self._feed.request()
        stream = await self._core.transport.stream(request, Deadline(request, timeout_s))
        self._feed.opened(stream.headers)
        self._stream = stream
        self._heard_at = time.monotonic()
        if self._closed.is_set():
            self._drop()

    async def _advance(self, left_s: float) -> None:
        """One step: a connection, a pause before the next one, or bytes."""
        now = time.monotonic()
        stream = self._stream
        if stream is None:
            if now < self._retry_at:
                await self._pause(min(left_s, self._retry_at - now))
            else:
                await self._connect(min(left_s, self._core.timeout_s))
            return
        silent_until = self._heard_at + SILENCE_S
        data = await stream.read(max(0.001, min(left_s, silent_until - now)))
        if data:
            self._heard_at = time.monotonic()
            self._pending.extend(self._feed.feed(data))
        elif data is not None or time.monotonic() >= silent_until:
            raise broken(Request("GET", "/v1/events"))

    async def _pause(self, seconds: float) -> None:
        try:
            async with Within(seconds):
                await self._closed.wait()
        except TimeoutError:
            pass

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def __aiter__(self) -> AsyncEventStream:
        return self

    async def __anext__(self) -> Event:
        event = await self.next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> AsyncEventStream:
        return await self.open()

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()


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
    ) -> AsyncPaged[OutboxRow]:
        return self._core.pages(lambda after: calls.outbox_list(state, after, limit), cursor, timeout_s)

    async def inspect(self, outbox_id: int, *, timeout_s: float | None = None) -> OutboxRow:
        return await self._core.perform(calls.outbox_inspect(outbox_id), timeout_s)

    async def requeue(
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
        return await self._core.perform(call, timeout_s)

    async def drop(self, outbox_id: int, *, force: bool | None = None, timeout_s: float | None = None) -> OutboxRow:
        """Gives a row up. By force also one whose fate only the broker knows: it may have been sent."""
        return await self._core.perform(calls.outbox_drop(outbox_id, force), timeout_s)


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
    ) -> AsyncPaged[InboxItem]:
        """In order of arrival, or the newest first; `since`: after this inbox_id."""
        return self._core.pages(
            lambda after: calls.inbox_list(since, topic, from_, agent, unread, newest, after, limit), cursor, timeout_s
        )

    def search(
        self, query: str, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> AsyncPaged[InboxItem]:
        return self._core.pages(lambda after: calls.inbox_search(query, after, limit), cursor, timeout_s)

    def undecryptable(
        self, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> AsyncPaged[Undecryptable]:
        """What was received and cannot be opened, in order of arrival."""
        return self._core.pages(lambda after: calls.inbox_undecryptable(after, limit), cursor, timeout_s)

    async def item(self, inbox_id: int, *, timeout_s: float | None = None) -> InboxItem:
        return await self._core.perform(calls.inbox_item(inbox_id), timeout_s)

    async def mark_read(self, inbox_id: int, *, timeout_s: float | None = None) -> InboxItem:
        return await self._core.perform(calls.inbox_mark_read(inbox_id), timeout_s)


class Topics(_Group):
    """What is sent to a topic, all who have joined it receive."""

    async def list(self, *, timeout_s: float | None = None) -> tuple[Topic, ...]:
        return await self._core.perform(calls.topic_list(), timeout_s)

    async def create(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return await self._core.perform(calls.topic_create(name), timeout_s)

    async def join(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return await self._core.perform(calls.topic_join(name), timeout_s)

    async def leave(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return await self._core.perform(calls.topic_leave(name), timeout_s)

    async def members(self, name: str, *, timeout_s: float | None = None) -> tuple[TopicMember, ...]:
        """Who has joined it, asked of the broker now."""
        return await self._core.perform(calls.topic_members(name), timeout_s)

    async def rotate(self, name: str, *, history: KeyHistory | None = None, timeout_s: float | None = None) -> TopicKey:
        """A new key, from now on."""
        return await self._core.perform(calls.topic_rotate(name, history), timeout_s)


class Invites(_Group):
    """Links by which others join the mesh."""

    async def create(
        self,
        *,
        expires_in_s: int | None = None,
        uses: int | None = None,
        role: Role | None = None,
        address: str | None = None,
        timeout_s: float | None = None,
    ) -> InviteMade:
        """Not repeated by itself: each call makes another one."""
        return await self._core.perform(calls.invite_create(expires_in_s, uses, role, address), timeout_s)

    async def list(self, *, timeout_s: float | None = None) -> tuple[Invite, ...]:
        return await self._core.perform(calls.invite_list(), timeout_s)

    async def revoke(self, invite_id: str, *, timeout_s: float | None = None) -> Invite:
        return await self._core.perform(calls.invite_revoke(invite_id), timeout_s)


class Queues(_Group):
    """Work that one consumer takes at a time. All but sending needs the link to the broker."""

    async def list(self, *, timeout_s: float | None = None) -> tuple[Queue, ...]:
        return await self._core.perform(calls.queue_list(), timeout_s)

    async def create(self, name: str, *, deliveries_max: int | None = None, timeout_s: float | None = None) -> Queue:
        return await self._core.perform(calls.queue_create(name, deliveries_max), timeout_s)

    async def show(self, name: str, *, timeout_s: float | None = None) -> Queue:
        return await self._core.perform(calls.queue_show(name), timeout_s)

    async def rotate(self, name: str, *, history: KeyHistory | None = None, timeout_s: float | None = None) -> TopicKey:
        """A new key, from now on."""
        return await self._core.perform(calls.queue_rotate(name, history), timeout_s)

    async def delete(self, name: str, *, force: bool | None = None, timeout_s: float | None = None) -> str:
        """By force also what nobody has acknowledged is given up; its senders are told. Returns the name."""
        return await self._core.perform(calls.queue_delete(name, force), timeout_s)

    async def claim(
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
        return await self._core.perform(calls.queue_claim(name, limit, lease_s, wait_s), timeout_s)

    async def ack(self, name: str, lease_id: str, *, timeout_s: float | None = None) -> LeaseEnded:
        """The message is done with. Throws lease_lost once the lease is over."""
        return await self._core.perform(calls.queue_ack(name, lease_id), timeout_s)

    async def nack(
        self,
        name: str,
        lease_id: str,
        *,
        delay_s: int | None = None,
        reason: str | None = None,
        timeout_s: float | None = None,
    ) -> LeaseEnded:
        """Gives the message back, for others to take after `delay_s`."""
        return await self._core.perform(calls.queue_nack(name, lease_id, delay_s, reason), timeout_s)

    async def extend(
        self, name: str, lease_id: str, *, lease_s: int | None = None, timeout_s: float | None = None
    ) -> LeaseExtended:
        return await self._core.perform(calls.queue_extend(name, lease_id, lease_s), timeout_s)

    def dead(
        self, name: str, *, cursor: str | None = None, limit: int | None = None, timeout_s: float | None = None
    ) -> AsyncPaged[DeadLetter]:
        """What was delivered as often as the queue allows and acknowledged by nobody."""
        return self._core.pages(lambda after: calls.queue_dead(name, after, limit), cursor, timeout_s)

    async def requeue(
        self, name: str, *, history_ids: Sequence[int] | None = None, timeout_s: float | None = None
    ) -> int:
        """Dead letters by their history_id, or all of them; returns how many."""
        return await self._core.perform(calls.queue_requeue(name, history_ids), timeout_s)

    async def work(
        self,
        name: str,
        handler: Callable[[ClaimedMessage], Awaitable[object]],
        *,
        lease_s: int = 60,
        delay_s: int = 0,
        on_failure: Callable[[ClaimedMessage, ClaudemeshError, str], object] | None = None,
    ) -> NoReturn:
        """Works on one message after the other until it is cancelled.

        Each is acknowledged when `handler` returns and given back, for `delay_s`, when it throws or when the work is
        cancelled. The lease is extended for as long as the handler runs; it is cancelled when the lease is lost all the
        same, for another consumer may have the message. A daemon or broker that is away is waited for; what repeating
        cannot mend is thrown. `on_failure` is told of each message that was not done with, and what it became: `ready`,
        `dead` or `lost`.
        """
        from ._aio_work import AsyncWorker

        await AsyncWorker(self, name, handler, lease_s, delay_s, on_failure).run()


class Files(_Group):
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
        self.bytes = int(stream.headers.get("content-length", "0"))

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
