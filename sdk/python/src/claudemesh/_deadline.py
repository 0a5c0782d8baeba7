"""The time that a call has."""

from __future__ import annotations

import time
from typing import Final

from ._errors import ClaudemeshError
from ._http import timed_out

#: What has no time limit, as a number that every system takes for a wait: eleven days.
FOREVER_S: Final = 1_000_000.0


class Deadline:
    """The time that a whole call has, retries included."""

    def __init__(self, what: object, timeout_s: float) -> None:
        self._what = what
        self._timeout_s = min(timeout_s, FOREVER_S)
        self._until = time.monotonic() + self._timeout_s

    def left_s(self) -> float:
        return self._until - time.monotonic()

    def over(self) -> ClaudemeshError:
        return timed_out(self._what, self._timeout_s)

    def require(self) -> float:
        """Seconds that are left. Throws timed_out when there are none."""
        left = self.left_s()
        if left <= 0:
            raise self.over()
        return left
