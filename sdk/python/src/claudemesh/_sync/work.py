"""Work on a queue: claim, keep the lease while a handler runs, acknowledge or give back."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from .._errors import ClaudemeshError
from .._retry import Backoff
from .._types import ClaimedMessage

if TYPE_CHECKING:
    from .queues import Queues

T = TypeVar("T")

#: What one claim waits for a message; the daemon takes no longer wait. Short enough to see a stop.
WAIT_S: Final = 5
#: A lease is extended after each such part of it, so that one failed try does not lose it.
KEEP_EVERY: Final = 1 / 3
_REASON_CHARS_MAX: Final = 128
_log: Final = logging.getLogger("claudemesh")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def as_failure(error: BaseException) -> ClaudemeshError:
    if isinstance(error, ClaudemeshError):
        return error
    made = ClaudemeshError("internal", str(error) or type(error).__name__)
    made.__cause__ = error
    return made


def reason_of(failure: ClaudemeshError) -> str:
    """One line, whatever a handler throws."""
    return _CONTROL.sub(" ", failure.message)[:_REASON_CHARS_MAX]


def log_failure(message: ClaimedMessage, failure: ClaudemeshError, became: str) -> None:
    """For who has not asked to be told: a mistake in a handler would else be seen in the dead letters alone."""
    thrown = failure.__cause__ or failure
    _log.warning(
        "message %s was not done with (%s): %s",
        message.broker_message_id,
        became,
        reason_of(failure),
        exc_info=thrown if thrown.__traceback__ is not None else None,
    )


def unavailable(message: ClaimedMessage) -> ClaudemeshError | None:
    """Nobody is to work on what could not be opened, or not be proven to be its sender's."""
    return None if message.unavailable is None else ClaudemeshError("undecryptable", message.unavailable)


def passes(error: ClaudemeshError) -> bool:
    """Whether a daemon or broker that is away may be why."""
    return error.retryable or error.code == "not_running"


def loses(error: ClaudemeshError) -> bool:
    """Whether the broker says that a lease is over. One that is out of reach may be back in time."""
    return error.code in ("lease_lost", "unknown_destination")


class Worker:
    """One consumer that handles one message at a time."""

    def __init__(
        self,
        queues: Queues,
        name: str,
        handler: Callable[[ClaimedMessage, threading.Event], object],
        lease_s: int,
        delay_s: int,
        stop: threading.Event,
        on_failure: Callable[[ClaimedMessage, ClaudemeshError, str], object] | None,
    ) -> None:
        self._queues = queues
        self._name = name
        self._handler = handler
        self._lease_s = lease_s
        self._delay_s = delay_s
        self._stop = stop
        self._tell = on_failure or log_failure

    def run(self) -> int:
        done = 0
        while not self._stop.is_set():
            claimed = self._outlast(
                lambda: self._queues.claim(self._name, lease_s=self._lease_s, wait_s=WAIT_S), self._stop, None
            )
            for message in claimed or ():
                done += self._work_on(message)
        return done

    def _work_on(self, message: ClaimedMessage) -> bool:
        lost = threading.Event()
        failure = unavailable(message) or self._handle(message, lost)
        if lost.is_set():
            self._tell(message, failure or ClaudemeshError("lease_lost", "the lease was lost during the work"), "lost")
            return False
        try:
            ended = self._outlast(lambda: self._end(message, failure), threading.Event(), self._lease_s)
        except ClaudemeshError as error:
            if error.code != "lease_lost" and not passes(error):
                raise
            self._tell(message, failure or error, "lost")
            return False
        if failure is not None:
            self._tell(message, failure, "lost" if ended is None else ended)
        return failure is None

    def _handle(self, message: ClaimedMessage, lost: threading.Event) -> ClaudemeshError | None:
        finished = threading.Event()
        keeper = threading.Thread(
            target=self._keep_lease, args=(message.lease_id, finished, lost), name="claudemesh lease", daemon=True
        )
        keeper.start()
        try:
            self._handler(message, lost)
            return None
        except Exception as error:
            return as_failure(error)
        finally:
            finished.set()
            keeper.join()

    def _keep_lease(self, lease_id: str, finished: threading.Event, lost: threading.Event) -> None:
        """Extends the lease until the handler has finished; sets `lost` once it is."""
        while not finished.wait(self._lease_s * KEEP_EVERY):
            try:
                self._queues.extend(self._name, lease_id, lease_s=self._lease_s, timeout_s=self._lease_s)
            except ClaudemeshError as error:
                if loses(error):
                    lost.set()
                    return

    def _end(self, message: ClaimedMessage, failure: ClaudemeshError | None) -> str:
        if failure is None:
            return self._queues.ack(self._name, message.lease_id).state
        reason = reason_of(failure)
        return self._queues.nack(self._name, message.lease_id, delay_s=self._delay_s, reason=reason).state

    def _outlast(self, call: Callable[[], T], stop: threading.Event, for_s: float | None) -> T | None:
        """Repeats a call for as long as its daemon is away. None: it was told to stop."""
        until = None if for_s is None else time.monotonic() + for_s
        backoff = Backoff()
        while True:
            try:
                return call()
            except ClaudemeshError as error:
                if not passes(error) or (until is not None and time.monotonic() >= until):
                    raise
                if stop.wait(backoff.next()):
                    return None
