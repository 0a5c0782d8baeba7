"""The client for programs on an asyncio event loop: the same words as `claudemesh.connect`, awaited."""

from ._aio.client import AsyncClient, connect
from ._aio.core import AsyncPaged
from ._aio.events import AsyncEventStream
from ._aio.files import AsyncTakenFile

__all__ = ["AsyncClient", "AsyncEventStream", "AsyncPaged", "AsyncTakenFile", "connect"]
