"""The client of a daemon."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, overload

from .. import _calls as calls
from .._calls import Call, SentMessage, new_id
from .._deadline import Deadline
from .._discovery import find_endpoint
from .._errors import ClaudemeshError
from .._meta import Meta
from .._types import (
    Compat,
    Health,
    HistoryItem,
    InboxItem,
    Member,
    Message,
    Priority,
    ReceiptStage,
    SafetyNumber,
    SendAttachment,
    SendResult,
    Version,
)
from .._wait import LOOK_INTERVAL_S, judge, not_yet
from .core import Core, Paged
from .events import EventStream
from .files import Files
from .mesh import Invites, Topics
from .messages import Inbox, Outbox
from .queues import Queues
from .transport import SocketTransport

DEFAULT_TIMEOUT_S: Final = 30.0


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


class Client:
    """A daemon's local API. Every call throws ClaudemeshError; not_running when no daemon answers.

    Safe for several threads. What fails on the way is repeated, but for calls that would do their work twice; a message
    carries the same id each time, so that a retry never sends twice. `with connect() as mesh:` closes its connections.
    """

    def __init__(self, transport: SocketTransport, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._core = Core(transport, timeout_s)
        self.outbox = Outbox(self._core)
        self.inbox = Inbox(self._core)
        self.topics = Topics(self._core)
        self.queues = Queues(self._core)
        self.invites = Invites(self._core)
        self.files = Files(self._core)

    @overload
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
        from_agent: str | None = None,
        hops: int | None = None,
        wait: ReceiptStage,
        timeout_s: float | None = None,
    ) -> SentMessage: ...

    @overload
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
        from_agent: str | None = None,
        hops: int | None = None,
        wait: None = None,
        timeout_s: float | None = None,
    ) -> SendResult: ...

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
        from_agent: str | None = None,
        hops: int | None = None,
        wait: ReceiptStage | None = None,
        timeout_s: float | None = None,
    ) -> SendResult:
        """Sends `message` (a text) or `body` (bytes) to `@name`, `@name/agent`, `#topic` or `queue:name`.

        Returns once it is on disk here; with `wait`, once that stage is true. Sent again with the same `id` and the
        same content it is the same message. `meta` is a dict, or the text of a JSON object; the broker can read it.
        `from_agent`: the agent of this member that sends. `hops`: of an automatic answer, those of what it answers + 1.
        """
        call = calls.send(
            to,
            message,
            body,
            content_type,
            priority,
            meta,
            mentions,
            reply_to,
            id,
            attachments,
            from_agent,
            hops,
        )
        deadline = Deadline("send", self._core.timeout_s if timeout_s is None else timeout_s)
        sent = self._core.perform(call, timeout_s)
        if wait is None:
            return sent
        reached = self.wait_for(sent.outbox_id, wait, timeout_s=max(deadline.left_s(), 0))
        return SentMessage(**vars(sent), message=reached)

    def reply(
        self,
        inbox_id: int,
        message: str | None = None,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        priority: Priority | None = None,
        meta: Meta = None,
        mentions: Sequence[str] | None = None,
        id: str | None = None,
        attachments: Sequence[SendAttachment] | None = None,
        from_agent: str | None = None,
        hops: int | None = None,
        timeout_s: float | None = None,
    ) -> SendResult:
        """Answers a message of the inbox: to the agent that sent it, from the one that it was sent to.

        Once the answer is on disk here the message is marked as read. Given again with the same `id` it goes out once.
        """
        item = self.inbox.item(inbox_id, timeout_s=timeout_s)

        def answer(agent: str | None) -> Call[SendResult]:
            return calls.send(
                calls.answered_to(item),
                message,
                body,
                content_type,
                priority,
                meta,
                mentions,
                item.broker_message_id,
                answer_id,
                attachments,
                agent,
                hops,
            )

        answer_id = new_id() if id is None else id
        try:
            sent = self._core.perform(answer(item.agent if from_agent is None else from_agent), timeout_s)
        except ClaudemeshError as error:
            if not calls.answers_as_member(error, from_agent):
                raise
            # Refused before anything was kept: the id is still free.
            sent = self._core.perform(answer(None), timeout_s)
        if item.read_at is None:
            self.inbox.mark_read(inbox_id, timeout_s=timeout_s)
        return sent

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
