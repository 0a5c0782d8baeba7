"""claudemesh: durable, idempotent, end-to-end encrypted messages between agents, servers and scripts.

`connect()` gives a client of this host's daemon; `claudemesh.aio.connect()` one for asyncio.
"""

from . import _types
from ._calls import Page, SentMessage, new_id
from ._errors import (
    ClaudemeshError,
    ConflictError,
    InvalidRequestError,
    LeaseLostError,
    NotFoundError,
    NotRunningError,
    TimedOutError,
)
from ._fingerprint import Kind, local_fingerprint, wire_fingerprint
from ._json import JsonValue, canonical_json, parse_json
from ._meta import Meta, canonical_meta
from ._sse import Event
from ._sync.client import Client, connect
from ._sync.core import Paged
from ._sync.events import EventStream
from ._sync.files import TakenFile
from ._types import *  # noqa: F403

__version__ = "0.1.0"

__all__ = [
    "ClaudemeshError",
    "Client",
    "ConflictError",
    "Event",
    "EventStream",
    "InvalidRequestError",
    "JsonValue",
    "Kind",
    "LeaseLostError",
    "Meta",
    "NotFoundError",
    "NotRunningError",
    "Page",
    "Paged",
    "SentMessage",
    "TakenFile",
    "TimedOutError",
    "canonical_json",
    "canonical_meta",
    "connect",
    "local_fingerprint",
    "new_id",
    "parse_json",
    "wire_fingerprint",
]
__all__ += _types.__all__
