"""Work on a queue in an event loop: claim, keep the lease while a handler runs, acknowledge or give back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from .._errors import ClaudemeshError
from .._retry import Backoff
from .._sync.work import KEEP_EVERY, WAIT_S, as_failure, log_failure, loses, passes, reason_of, unavailable
from .._types import ClaimedMessage
from .transport import Within

if TYPE_CHECKING:
    from .queues import Queues

T = TypeVar("T")


class AsyncWorker:
    """One consumer that handles one message at a time."""

    def __init__(
        self,
        queues: Queues,
        name: str,
        handler: Callable[[ClaimedMessage], Awaitable[object]],
        lease_s: int,
        delay_s: int,
        stop: asyncio.Event,
        on_failure: Callable[[ClaimedMessage, ClaudemeshError, str], object] | None,
    ) -> None:
        self._queues = queues
        self._name = name
        self._handler = handler
        self._lease_s = lease_s
        self._delay_s = delay_s
        self._stop = stop
        self._tell = on_failure or log_failure

    async def run(self) -> int:
        done = 0
        while not self._stop.is_set():
            claimed = await self._outlast(
                lambda: self._queues.claim(self._name, lease_s=self._lease_s, wait_s=WAIT_S), None
            )
            for message in claimed or ():
                done += await self._work_on(message)
        return done

    async def _work_on(self, message: ClaimedMessage) -> bool:
        try:
            failure = unavailable(message) or await self._handle(message)
        except asyncio.CancelledError:
            await self._give_back(message)
            raise
        if failure is not None and failure.code == "lease_lost":
            self._tell(message, failure, "lost")
            return False
        try:
            ended = await self._outlast(lambda: self._end(message, failure), self._lease_s)
        except ClaudemeshError as error:
            if error.code != "lease_lost" and not passes(error):
                raise
            self._tell(message, failure or error, "lost")
            return False
        if failure is not None:
            self._tell(message, failure, "lost" if ended is None else ended)
        return failure is None

    async def _handle(self, message: ClaimedMessage) -> ClaudemeshError | None:
        """What the handler failed with; lease_lost when it was cancelled because another may have the message."""
        handling = asyncio.ensure_future(self._run_handler(message))
        keeping = asyncio.ensure_future(self._keep_lease(message.lease_id))
        try:
            await asyncio.wait({handling, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if handling.done():
                return handling.result()
            return ClaudemeshError("lease_lost", "the lease was lost during the work")
        finally:
            for task in (handling, keeping):
                task.cancel()
            # What is cancelled may still clean up after itself.
            await asyncio.wait({handling, keeping})

    async def _run_handler(self, message: ClaimedMessage) -> ClaudemeshError | None:
        try:
            await self._handler(message)
            return None
        except Exception as error:
            return as_failure(error)

    async def _keep_lease(self, lease_id: str) -> None:
        """Extends the lease; returns when it is lost."""
        while True:
            await asyncio.sleep(self._lease_s * KEEP_EVERY)
            try:
                await self._queues.extend(self._name, lease_id, lease_s=self._lease_s, timeout_s=self._lease_s)
            except ClaudemeshError as error:
                if loses(error):
                    return

    async def _give_back(self, message: ClaimedMessage) -> None:
        """The work ends in the middle of a message: the next consumer need not wait for the lease to run out."""
        # Where that fails, the lease runs out.
        with contextlib.suppress(ClaudemeshError):
            await self._queues.nack(self._name, message.lease_id, reason="the consumer was stopped")

    async def _end(self, message: ClaimedMessage, failure: ClaudemeshError | None) -> str:
        if failure is None:
            return (await self._queues.ack(self._name, message.lease_id)).state
        reason = reason_of(failure)
        return (await self._queues.nack(self._name, message.lease_id, delay_s=self._delay_s, reason=reason)).state

    async def _outlast(self, call: Callable[[], Awaitable[T]], for_s: float | None) -> T | None:
        """Repeats a call for as long as its daemon is away: until the work is stopped, or for so long."""
        until = None if for_s is None else time.monotonic() + for_s
        backoff = Backoff()
        while True:
            try:
                return await call()
            except ClaudemeshError as error:
                if not passes(error) or (until is not None and time.monotonic() >= until):
                    raise
            if until is not None:
                await asyncio.sleep(backoff.next())
            elif await self._stopped_within(backoff.next()):
                return None

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with Within(seconds):
                await self._stop.wait()
        return self._stop.is_set()
