"""A worker whose broker is away while a handler runs."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from claudemesh import ClaudemeshError
from claudemesh._aio.work import AsyncWorker
from claudemesh._sync.work import Worker

EXTENSIONS = 3


class Message:
    lease_id = "one"
    unavailable = None


class Ended:
    state = "done"


class Queues:
    """One message, whose lease cannot be extended: `tried` is called at the third attempt."""

    def __init__(self, tried: Any) -> None:
        self.left = [Message()]
        self.extensions = 0
        self.tried = tried

    def claim(self, _name: str, **_choice: object) -> tuple[Message, ...]:
        return (self.left.pop(),)

    def extend(self, _name: str, _lease_id: str, **_choice: object) -> None:
        self.extensions += 1
        if self.extensions == EXTENSIONS:
            self.tried()
        raise ClaudemeshError("broker_unreachable", "the broker is away")

    def ack(self, _name: str, _lease_id: str) -> Ended:
        return Ended()


def test_a_lease_is_lost_by_the_word_of_the_broker_alone_not_while_that_is_away() -> None:
    stop, tried = threading.Event(), threading.Event()
    became: list[str] = []

    def handle(_message: object, lost: threading.Event) -> None:
        assert tried.wait(30)
        assert not lost.is_set()
        stop.set()

    queues: Any = Queues(tried.set)
    # A lease without any time is over at once.
    done = Worker(queues, "jobs", handle, 0, 0, stop, lambda _message, _error, how: became.append(how)).run()
    assert (done, became) == (1, [])


def test_so_it_is_on_an_event_loop() -> None:
    async def run() -> tuple[int, list[str]]:
        stop, tried = asyncio.Event(), asyncio.Event()
        became: list[str] = []

        class AsyncQueues(Queues):
            async def claim(self, name: str, **choice: object) -> tuple[Message, ...]:  # type: ignore[override]
                return super().claim(name, **choice)

            async def extend(self, name: str, lease_id: str, **choice: object) -> None:  # type: ignore[override]
                super().extend(name, lease_id, **choice)

            async def ack(self, name: str, lease_id: str) -> Ended:  # type: ignore[override]
                return super().ack(name, lease_id)

        async def handle(_message: object) -> None:
            await tried.wait()
            stop.set()

        queues: Any = AsyncQueues(tried.set)
        told = lambda _message, _error, how: became.append(how)  # noqa: E731
        return await AsyncWorker(queues, "jobs", handle, 0, 0, stop, told).run(), became

    assert asyncio.run(run()) == (1, [])
