"""Queues, and the work on them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from .. import _calls as calls
from .._errors import ClaudemeshError
from .._types import (
    ClaimedMessage,
    DeadLetter,
    KeyHistory,
    LeaseEnded,
    LeaseExtended,
    Queue,
    TopicKey,
)
from .core import AsyncPaged, Group
from .work import AsyncWorker


class Queues(Group):
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
        stop: asyncio.Event | None = None,
        on_failure: Callable[[ClaimedMessage, ClaudemeshError, str], object] | None = None,
    ) -> int:
        """Works on one message after the other until `stop` is set, and returns how many were acknowledged.

        Each is acknowledged when `handler` returns and given back, for `delay_s`, when it throws; cancelling the work
        gives back the one that it is at. The lease is extended for as long as the handler runs; that is cancelled when
        the lease is lost all the same, for another consumer may have the message. A daemon or broker that is away is
        waited for; what repeating cannot mend is thrown. `on_failure` is told of each message that was not done with,
        and what it became: `ready`, `dead` or `lost`. By default that is logged.
        """
        # Says at once that no daemon runs: from then on one that is away is restarting, and is waited for.
        await self._core.perform(calls.health(), None)
        worker = AsyncWorker(self, name, handler, lease_s, delay_s, stop or asyncio.Event(), on_failure)
        return await worker.run()
