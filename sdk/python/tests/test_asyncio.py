"""What is particular to an event loop: cancellation, tasks that share a client, and work that is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

import pytest
from scripted import HANG, Reply, ScriptedDaemon

import claudemesh.aio
from claudemesh import ClaimedMessage, ClaudemeshError
from claudemesh._aio.transport import Within

if TYPE_CHECKING:
    from conftest import Host


def test_a_call_that_is_cancelled_ends_at_once_and_closes_its_connection(scripted: ScriptedDaemon) -> None:
    async def cancelled() -> None:
        async with claudemesh.aio.connect(socket_path=scripted.path) as mesh:
            sending = asyncio.ensure_future(mesh.send("@bob", "hi"))
            await asyncio.to_thread(scripted.hung.wait, 30)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    scripted.says(HANG)
    asyncio.run(cancelled())
    assert scripted.given_up.wait(30)
    assert len(scripted.asked) == 1


def test_a_cancellation_during_a_pause_between_attempts_is_one(scripted: ScriptedDaemon) -> None:
    async def cancelled() -> None:
        async with claudemesh.aio.connect(socket_path=scripted.path) as mesh:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(mesh.health(timeout_s=60), 0.05)

    told = b'{"code":"rate_limited","detail":"slow","retryable":true,"retry_after_ms":50000}'
    scripted.says(Reply(told, 429))
    asyncio.run(cancelled())
    assert len(scripted.asked) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before it a task does not tell how often it was cancelled")
def test_a_cancellation_at_the_moment_when_the_time_is_over_is_one() -> None:
    async def cancelled() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        async with Within(0):
            await asyncio.Event().wait()

    async def timed_out() -> None:
        with pytest.raises(TimeoutError):
            async with Within(0):
                await asyncio.Event().wait()
        # Nothing of it is left for what the task waits for next.
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    asyncio.run(timed_out())


def test_a_reader_of_events_that_is_cancelled_loses_none(host: Host) -> None:
    async def read() -> list[str]:
        client = claudemesh.aio.connect(socket_path=host.socket_path, environment={})
        async with client as mesh, mesh.events() as events:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(events.next(), 0.01)
            await mesh.send("@alice", "still here", wait="delivered")
            async for event in events:
                if event.event == "message":
                    return [event.inbox_item().message or ""]
        return []

    assert asyncio.run(read()) == ["still here"]


def test_tasks_share_a_client_and_iterate_over_all_pages(host: Host) -> None:
    async def send_all() -> None:
        async with claudemesh.aio.connect(socket_path=host.socket_path, environment={}) as mesh:
            sent = await asyncio.gather(*(mesh.send("@alice", f"task {number}") for number in range(20)))
            assert len({each.outbox_id for each in sent}) == 20
            await asyncio.gather(*(mesh.wait_for(each.outbox_id, "delivered") for each in sent))
            found = [item.message async for item in mesh.inbox.list(newest=True, limit=7)][:20]
            assert sorted(found, key=str) == sorted((f"task {number}" for number in range(20)), key=str)
            assert len((await mesh.inbox.list(limit=3)).items) == 3

    asyncio.run(send_all())


def test_work_that_is_cancelled_gives_back_what_it_was_at(host: Host) -> None:
    async def work() -> None:
        async with claudemesh.aio.connect(socket_path=host.socket_path, environment={}) as mesh:
            await mesh.queues.create("cancelled")
            for text in ("done", "failed", "under way"):
                await mesh.send("queue:cancelled", text, wait="accepted")
            under_way = asyncio.Event()
            failures: list[tuple[str | None, str]] = []

            async def handle(message: ClaimedMessage) -> None:
                if message.message == "failed":
                    raise ValueError("no")
                if message.message == "under way":
                    under_way.set()
                    await asyncio.Event().wait()

            def failed(message: ClaimedMessage, _error: ClaudemeshError, became: str) -> None:
                failures.append((message.message, became))

            working = asyncio.ensure_future(mesh.queues.work("cancelled", handle, delay_s=600, on_failure=failed))
            await asyncio.wait_for(under_way.wait(), 30)
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
            assert failures == [("failed", "ready")]
            (again,) = await mesh.queues.claim("cancelled", wait_s=5)
            assert (again.message, again.deliveries) == ("under way", 2)

    asyncio.run(work())


def test_a_handler_is_cancelled_when_its_lease_is_lost(host: Host) -> None:
    async def work() -> None:
        async with claudemesh.aio.connect(socket_path=host.socket_path, environment={}) as mesh:
            await mesh.queues.create("lost")
            await mesh.send("queue:lost", "job", wait="accepted")
            told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            ended = asyncio.Event()

            async def handle(message: ClaimedMessage) -> None:
                await mesh.queues.ack("lost", message.lease_id)
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.set()

            working = asyncio.ensure_future(
                mesh.queues.work(
                    "lost", handle, lease_s=1, on_failure=lambda _message, _error, became: told.set_result(became)
                )
            )
            assert await asyncio.wait_for(told, 30) == "lost"
            assert ended.is_set()
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    asyncio.run(work())
