"""When a call is made again, and how long it waits before."""

from __future__ import annotations

import random
from typing import Final

from ._errors import ClaudemeshError

#: Attempts of one call, the first included.
ATTEMPTS_MAX: Final = 6
_BASE_S: Final = 0.1
_CAP_S: Final = 2.0
#: A day, which is longer than any call.
_ASKED_MS_MAX: Final = 86_400_000


class Backoff:
    """Full jitter: a random delay up to a bound that doubles, so that clients of a daemon that restarts spread out."""

    def __init__(self) -> None:
        self._failures = 0

    def next(self) -> float:
        bound = min(_CAP_S, _BASE_S * 2 ** min(self._failures, 30))
        self._failures += 1
        return random.uniform(0, bound)


class Retry:
    """Decides after each failed attempt of one call.

    Repeated is only what may be: calls that do the same when they are done twice, and errors that can pass. Nothing
    that listens is such an error once the daemon was reached, for then it restarts.
    """

    def __init__(self, *, repeatable: bool, answered: bool = False) -> None:
        self._repeatable = repeatable
        self._reached = answered
        self._made = 0
        self._backoff = Backoff()

    def delay_s(self, error: ClaudemeshError, left_s: float) -> float | None:
        """Seconds until the next attempt; None: the error stands. Says more than that the time is over."""
        self._made += 1
        passes = error.retryable or (self._reached and error.code == "not_running")
        if not self._repeatable or not passes or self._made >= ATTEMPTS_MAX:
            return None
        self._reached = self._reached or error.code != "not_running"
        asked = error.details.get("retry_after_ms")
        # An integer may be larger than any float.
        asked_s = min(max(asked, 0), _ASKED_MS_MAX) / 1_000 if isinstance(asked, (int, float)) else 0.0
        delay = max(self._backoff.next(), asked_s)
        return delay if delay < left_s else None
