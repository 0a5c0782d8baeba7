"""A live daemon for the whole run, a scripted one for each test that looks at what a client does, and both clients."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedDaemon

import claudemesh
import claudemesh.aio

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Host:
    """One host as its user sees it: a home of its own, and the command line."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "daemon" / "local"

    @property
    def socket_path(self) -> str:
        return str(self.folder / "sock")

    def run(self, *words: str) -> str:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("CLAUDEMESH_")}
        ran = subprocess.run(
            [str(ROOT / "claudemesh"), *words],
            env={**mine, "CLAUDEMESH_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


def start(folder: Path) -> Host:
    if shutil.which("node") is None and not list(ROOT.glob("node_modules/node-*/bin/node")):
        pytest.skip("a live daemon needs Node")
    host = Host(folder / "home")
    host.run("up", "--persistent", "--name", "alice", "--http")
    return host


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Shared by all tests, which therefore name what they make after themselves."""
    host = start(tmp_path_factory.mktemp("host"))
    yield host
    host.run("down")


@pytest.fixture
def own_host(tmp_path: Path) -> Iterator[Host]:
    """For a test that stops the daemon."""
    host = start(tmp_path)
    yield host
    host.run("down")


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[ScriptedDaemon]:
    with ScriptedDaemon(tmp_path / "sock") as daemon:
        yield daemon


class Driven:
    """The asyncio client, or a part of it, whose calls are waited for: so one test asks both clients the same."""

    def __init__(self, part: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._part = part
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return Driven(found, self._loop) if hasattr(found, "__dict__") else found

        def waited(*words: Any, **named: Any) -> Any:
            given = found(*words, **named)
            if isinstance(given, claudemesh.aio.AsyncEventStream):
                given = given.open()
            value = self._loop.run_until_complete(_awaited(given)) if inspect.isawaitable(given) else given
            is_part = isinstance(value, (claudemesh.aio.AsyncEventStream, claudemesh.aio.AsyncTakenFile))
            return Driven(value, self._loop) if is_part else value

        return waited


async def _awaited(given: Any) -> Any:
    return await given


@pytest.fixture(params=["sync", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Connects each of the two clients in its turn; closed when the test ends."""
    loop = asyncio.new_event_loop() if request.param == "asyncio" else None
    opened: list[Any] = []

    def connected(**target: Any) -> Any:
        environment = target.pop("environment", {})
        if loop is None:
            client: Any = claudemesh.connect(environment=environment, **target)
        else:
            client = Driven(claudemesh.aio.connect(environment=environment, **target), loop)
        opened.append(client)
        return client

    yield connected
    for client in opened:
        client.close()
    if loop is not None:
        # What was aborted tells its streams so in the next turn of the loop.
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@pytest.fixture
def mesh(connect: Callable[..., Any], host: Host) -> Any:
    return connect(socket_path=host.socket_path)
