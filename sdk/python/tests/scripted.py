"""A daemon that answers what a test has written for it, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An answer. `body` is JSON, or bytes as they are; `raw` replaces all of it."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    #: Closes the connection afterwards without having said so.
    close: bool = False

    def to_bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join([*lines, f"content-length: {len(content)}", "", ""]).encode() + content


def problem(code: str, status: int, *, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    told = {"type": f"https://claudemesh.dev/errors/{code}", "title": code, "status": status, "detail": f"said {code}"}
    return Reply({**told, "code": code, "retryable": status >= 429, **more}, status, headers or {})


#: Ends the connection instead of answering.
CUT = "cut"
#: Never answers.
HANG = "hang"
#: Refuses a file when its head has come, and reads nothing of it.
EARLY = "early"
Step = Reply | str


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedDaemon:
    """Each request takes the next step of the script; past its end the connection is cut."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.asked: list[Asked] = []
        self.connections = 0
        self.hung = threading.Event()
        #: Set when a client has ended a connection that was not answered.
        self.given_up = threading.Event()
        self._ending = threading.Event()
        self._steps: list[Step] = []
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(16)

    def says(self, *steps: Step) -> ScriptedDaemon:
        self._steps.extend(steps)
        return self

    def __enter__(self) -> ScriptedDaemon:
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            try:
                while (asked := _read_head(reader)) is not None:
                    with self._lock:
                        step = self._steps.pop(0) if self._steps else CUT
                    if step == EARLY:
                        connection.sendall(problem("files_full", 507, retryable=False).to_bytes())
                        self._ending.wait()
                        return
                    if step != HANG:
                        length = int(asked.headers.get("content-length", "0"))
                        asked = replace(asked, body=reader.read(length))
                    with self._lock:
                        self.asked.append(asked)
                    if step == CUT:
                        return
                    if step == HANG:
                        self.hung.set()
                        while reader.read1(65_536):
                            pass
                        self.given_up.set()
                        return
                    assert isinstance(step, Reply)
                    connection.sendall(step.to_bytes())
                    if step.close:
                        return
            except OSError:
                self.given_up.set()


def _read_head(reader: Any) -> Asked | None:
    first = reader.readline().decode()
    if first == "":
        return None
    method, path, _ = first.split(" ", 2)
    headers: dict[str, str] = {}
    while (line := reader.readline().decode().strip()) != "":
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return Asked(method, path, headers, b"")
