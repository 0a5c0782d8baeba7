"""What a worker says of messages that it was not done with, to who has not asked to be told."""

from __future__ import annotations

import asyncio
import logging
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from claudemesh import ClaimedMessage
from claudemesh._aio.work import AsyncWorker
from claudemesh._sync.work import Worker

_CLAIMED: Any = SimpleNamespace(broker_message_id="b0", lease_id="l0", unavailable=None)
_ENDED = SimpleNamespace(state="ready")


def _told(caplog: pytest.LogCaptureFixture) -> tuple[str, str, type[BaseException]]:
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is not None
    return record.name, record.getMessage(), record.exc_info[0]


_EXPECTED = ("claudemesh", "message b0 was not done with (ready): no room", AttributeError)


def test_what_a_handler_throws_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()

    def handle(_message: ClaimedMessage, _lost: threading.Event) -> None:
        stop.set()
        raise AttributeError("no\nroom")

    queues: Any = SimpleNamespace(claim=lambda *_, **__: (_CLAIMED,), nack=lambda *_, **__: _ENDED)
    with caplog.at_level(logging.WARNING):
        assert Worker(queues, "jobs", handle, 60, 0, stop, None).run() == 0
    assert _told(caplog) == _EXPECTED


def test_so_it_is_in_an_event_loop(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> int:
        stop = asyncio.Event()

        async def handle(_message: ClaimedMessage) -> None:
            stop.set()
            raise AttributeError("no\nroom")

        async def claim(*_: object, **__: object) -> tuple[ClaimedMessage]:
            return (_CLAIMED,)

        async def nack(*_: object, **__: object) -> SimpleNamespace:
            return _ENDED

        queues: Any = SimpleNamespace(claim=claim, nack=nack)
        return await AsyncWorker(queues, "jobs", handle, 60, 0, stop, None).run()

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(work()) == 0
    assert _told(caplog) == _EXPECTED
