"""The asyncio client: a worker, and a reader of events. It runs against the daemon that the environment names."""

import asyncio

import claudemesh
import claudemesh.aio


async def main() -> None:
    async with claudemesh.aio.connect() as mesh:
        await mesh.queues.create("reviews")
        enough = asyncio.Event()

        async def review(job: claudemesh.ClaimedMessage) -> None:
            print("reviewing", job.message)
            if job.message == "second":
                enough.set()

        working = asyncio.create_task(mesh.queues.work("reviews", review, stop=enough))
        for text in ("first", "second"):
            await mesh.send("queue:reviews", text, wait="accepted")
        print(await working, "reviewed")

        me = (await mesh.health()).member.address
        async with mesh.events() as events:
            await mesh.send(me, "hello")
            async for event in events:
                if event.event == "message":
                    print(event.event, event.inbox_item().message)
                    break

        page = await mesh.inbox.list(limit=1)
        print(len(page.items), [item.message async for item in mesh.inbox.list()])


asyncio.run(main())
