"""Drives a client of the SDK against a live daemon: one JSON request a line, one answer a line, one at a time.

With --asyncio it is the asyncio client. The operations are written once: what the one client returns, the other lets be
awaited.
"""

import asyncio
import base64
import inspect
import json
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "sdk" / "python" / "src"))

import claudemesh
import claudemesh.aio
from claudemesh import ClaudemeshError, Page, Paged


def main():
    asynchronous = "--asyncio" in sys.argv[1:]
    loop = asyncio.new_event_loop() if asynchronous else None
    session = Session(claudemesh.aio.connect if asynchronous else claudemesh.connect, loop)
    try:
        for line in sys.stdin.buffer:
            if not line.isspace():
                sys.stdout.write(json.dumps(answer(session, line)) + "\n")
                sys.stdout.flush()
    finally:
        session.close()
        if loop is not None:
            loop.close()


def answer(session, line):
    id_ = None
    try:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            raise ClaudemeshError("malformed_json", "the line is not JSON") from None
        if not isinstance(request, dict):
            raise ClaudemeshError("usage", "a request is a JSON object")
        id_ = request.get("id")
        try:
            return {"id": id_, "ok": True, "value": plain(session.run(request))}
        except (KeyError, TypeError) as error:
            # A field that is missing, or that the SDK's call does not have.
            raise ClaudemeshError("usage", f"the request is not one of the driver's: {error!r}") from error
    except ClaudemeshError as error:
        told = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "retryable": error.retryable,
            "details": dict(error.details),
        }
        return {"id": id_, "ok": False, "error": told}


def plain(value):
    if isinstance(value, (Page, Paged)):
        return plain(value.items)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.to_json() if hasattr(value, "to_json") else value


class Session:
    """The client that is connected, and its stream of events."""

    def __init__(self, connect, loop):
        self._connect = connect
        self._loop = loop
        self._client = None
        self._events = None

    def run(self, request):
        op = request.get("op")
        own = getattr(self, f"_op_{op}", None) if isinstance(op, str) else None
        if own is not None:
            return own(request)
        perform = OPERATIONS.get(op) if isinstance(op, str) else None
        if perform is None:
            raise ClaudemeshError("usage", f"unknown op {op}")
        return self._done(perform(self._connected(), request))

    def close(self):
        self._op_close({})

    def _done(self, value):
        return self._loop.run_until_complete(awaited(value)) if inspect.isawaitable(value) else value

    def _connected(self):
        if self._client is None:
            raise ClaudemeshError("usage", "no daemon is connected: connect comes first")
        return self._client

    def _op_connect(self, request):
        self.close()
        named = {name: request.get(name) for name in ("socket_path", "home", "mesh", "port", "token")}
        self._client = self._connect(environment=os.environ, **named)

    def _op_close(self, _request):
        self._op_events_close({})
        client, self._client = self._client, None
        if client is not None:
            self._done(client.close())

    def _op_events_open(self, request):
        self._op_events_close({})
        events = self._connected().events(after=request.get("after"))
        if self._loop is not None:
            self._done(events.open())
        self._events = events

    def _op_events_close(self, _request):
        events, self._events = self._events, None
        if events is not None:
            self._done(events.close())

    def _op_events_next(self, request):
        if self._events is None:
            raise ClaudemeshError("usage", "no events are open: events_open comes first")
        name = request.get("event")
        timeout_s = request["timeout_ms"] / 1_000
        until = time.monotonic() + timeout_s
        while (event := self._done(self._events.next(max(until - time.monotonic(), 0)))) is not None:
            if name is None or event.event == name:
                return event
        raise ClaudemeshError("timed_out", f"no event {name or ''} in {timeout_s:g} s")


async def awaited(value):
    return await value


def given(request, *names):
    return {name: request[name] for name in names if name in request}


def in_seconds(request):
    return {"timeout_s": request["timeout_ms"] / 1_000} if "timeout_ms" in request else {}


def content(written):
    """A message's content as the SDK takes it: bytes as bytes, the id by its short name, meta as value or text."""
    named = {"client_message_id": "id", "meta_text": "meta"}
    taken = {named.get(name, name): value for name, value in written.items()}
    if taken.get("body") is not None:
        taken["body"] = decoded(taken["body"])
    return taken


def decoded(body):
    return base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)


def send(client, request):
    written = content(request["request"])
    wait = {"wait": request["wait"]} if "wait" in request else {}
    return client.send(written.pop("to"), **written, **wait, **in_seconds(request))


def reply(client, request):
    return client.reply(request["inbox_id"], **content(request["answer"]))


def outbox_requeue(client, request):
    patch = content(request.get("patch") or {})
    if "meta" in patch and patch["meta"] is None:
        patch["meta"] = {}
    return client.outbox.requeue(request["outbox_id"], **given(request, "new_id"), **patch)


def inbox_list(client, request):
    filter_ = {("from_" if name == "from" else name): value for name, value in (request.get("filter") or {}).items()}
    page = client.inbox.list(**filter_)
    return every_item(page) if request.get("all") else page


def every_item(page):
    async def gathered():
        return [item async for item in page]

    return list(page) if isinstance(page, Paged) else gathered()


def files_take(client, request):
    taken = client.files.take(request["file_id"], inbox_id=request["inbox_id"])

    async def gathered():
        async with await taken as file:
            return base64url(await file.read())

    if inspect.isawaitable(taken):
        return gathered()
    with taken as file:
        return base64url(file.read())


def base64url(found):
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def queue_delete(client, request):
    deleted = client.queues.delete(request["name"], **given(request, "force"))

    async def named():
        return {"name": await deleted}

    return named() if inspect.isawaitable(deleted) else {"name": deleted}


def queue_work(client, request):
    """The messages that a worker was given, which is told to stop at the last of them."""
    worked = []

    def handled(message, stop):
        worked.append(message)
        if len(worked) == request["count"]:
            stop.set()

    async def gathered():
        stop = asyncio.Event()

        async def handle(message):
            handled(message, stop)

        await client.queues.work(request["name"], handle, stop=stop)
        return worked

    if isinstance(client, claudemesh.aio.AsyncClient):
        return gathered()
    stop = threading.Event()
    client.queues.work(request["name"], lambda message, _lost: handled(message, stop), stop=stop)
    return worked


def local_fingerprint(_client, request):
    written = content(request["request"])
    written.pop("id", None)
    to = written.pop("to")
    return claudemesh.local_fingerprint(request["mesh_id"], to, **written).hex()


OPERATIONS = {
    "send": send,
    "reply": reply,
    "message": lambda client, request: client.message(request["message_id"]),
    "wait_for": lambda client, request: client.wait_for(request["message_id"], request["stage"], **in_seconds(request)),
    "outbox_list": lambda client, request: client.outbox.list(**given(request, "state")),
    "outbox_inspect": lambda client, request: client.outbox.inspect(request["outbox_id"]),
    "outbox_requeue": outbox_requeue,
    "outbox_drop": lambda client, request: client.outbox.drop(request["outbox_id"], **given(request, "force")),
    "inbox_list": inbox_list,
    "inbox_search": lambda client, request: client.inbox.search(request["query"]),
    "inbox_item": lambda client, request: client.inbox.item(request["inbox_id"]),
    "inbox_mark_read": lambda client, request: client.inbox.mark_read(request["inbox_id"]),
    "undecryptable": lambda client, _request: client.inbox.undecryptable(),
    "mentions": lambda client, _request: client.mentions(),
    "history": lambda client, request: client.history(request["address"]),
    "mention_history": lambda client, _request: client.mention_history(),
    "topic_list": lambda client, _request: client.topics.list(),
    "topic_create": lambda client, request: client.topics.create(request["name"]),
    "topic_join": lambda client, request: client.topics.join(request["name"]),
    "topic_leave": lambda client, request: client.topics.leave(request["name"]),
    "topic_members": lambda client, request: client.topics.members(request["name"]),
    "queue_list": lambda client, _request: client.queues.list(),
    "queue_create": lambda client, request: client.queues.create(request["name"], **given(request, "deliveries_max")),
    "queue_show": lambda client, request: client.queues.show(request["name"]),
    "queue_delete": queue_delete,
    "queue_claim": lambda client, request: client.queues.claim(
        request["name"], **given(request, "limit", "lease_s", "wait_s")
    ),
    "queue_ack": lambda client, request: client.queues.ack(request["name"], request["lease_id"]),
    "queue_nack": lambda client, request: client.queues.nack(
        request["name"], request["lease_id"], **given(request, "delay_s", "reason")
    ),
    "queue_extend": lambda client, request: client.queues.extend(
        request["name"], request["lease_id"], **given(request, "lease_s")
    ),
    "queue_dead": lambda client, request: client.queues.dead(request["name"]),
    "queue_requeue": lambda client, request: client.queues.requeue(request["name"], **given(request, "history_ids")),
    "queue_work": queue_work,
    "files_put": lambda client, request: client.files.put(
        decoded(request["body"]), name=request["name"], **given(request, "content_type")
    ),
    "files_list": lambda client, request: client.files.list(inbox_id=request["inbox_id"]),
    "files_take": files_take,
    "members": lambda client, _request: client.members(),
    "health": lambda client, _request: client.health(),
    "version": lambda client, _request: client.version(),
    "local_fingerprint": local_fingerprint,
}

if __name__ == "__main__":
    main()
