"""Which daemon is meant."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claudemesh import ClaudemeshError
from claudemesh._discovery import find_endpoint
from claudemesh._http import Endpoint


def endpoint(environment: dict[str, str] | None = None, **named: Any) -> Endpoint:
    nothing: dict[str, Any] = dict.fromkeys(("socket_path", "port", "token", "home", "mesh"))
    return find_endpoint(environment=environment or {}, **{**nothing, **named})()


def home_with(folder: Path, *slugs: str) -> Path:
    for slug in slugs:
        (folder / "daemon" / slug).mkdir(parents=True)
        (folder / "daemon" / slug / "mesh.json").write_text("{}")
    return folder


def refused(call: Callable[[], object]) -> tuple[str, str, str | None]:
    with pytest.raises(ClaudemeshError) as caught:
        call()
    return caught.value.code, caught.value.message, caught.value.hint


def test_what_is_named_goes_before_what_the_environment_says(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", "one")
    environment = {"CLAUDEMESH_DAEMON_SOCK": "/run/given", "CLAUDEMESH_HOME": str(home)}
    assert endpoint(environment, socket_path="/run/named").socket_path == "/run/named"
    assert endpoint(environment).socket_path == "/run/given"
    assert endpoint(environment, home=home).socket_path == str(home / "daemon/one/sock")
    assert endpoint(environment, mesh="one").socket_path == str(home / "daemon/one/sock")
    assert endpoint({**environment, "CLAUDEMESH_DAEMON_SOCK": ""}).socket_path == str(home / "daemon/one/sock")
    assert endpoint(environment, port=80, token="t") == Endpoint(port=80, token="t")


def test_a_port_needs_its_token() -> None:
    assert refused(lambda: endpoint(port=80))[0] == "usage"
    assert refused(lambda: endpoint(token="t"))[0] == "usage"
    assert refused(lambda: endpoint(port=80, token="t\r\nX-Y: z"))[0] == "usage"


def test_one_daemon_is_found_and_of_several_one_has_to_be_named(tmp_path: Path) -> None:
    none = home_with(tmp_path / "none")
    assert refused(lambda: endpoint(home=none)) == ("not_running", f"{none} has no daemon yet", "claudemesh up")
    two = home_with(tmp_path / "two", "work", "home")
    (two / "daemon" / "empty").mkdir()
    code, message, hint = refused(lambda: endpoint(home=two))
    assert (code, message) == ("usage", f"{two} has daemons of 2 meshes: home, work")
    assert hint == "name one: mesh=SLUG"
    assert endpoint(home=two, mesh="work").socket_path == str(two / "daemon/work/sock")
    assert endpoint({"CLAUDEMESH_MESH": "home"}, home=two).socket_path == str(two / "daemon/home/sock")
    assert refused(lambda: endpoint(home=two, mesh="play")) == (
        "not_running",
        f"{two} has no daemon of mesh play",
        "joined: home, work",
    )


def test_a_daemon_with_a_long_home_says_where_its_socket_is(tmp_path: Path) -> None:
    home = home_with(tmp_path, "one")
    file = home / "daemon" / "one" / "daemon.json"
    file.write_text('{"pid":1,"socket":"/tmp/short/sock"}')
    assert endpoint(home=home).socket_path == "/tmp/short/sock"
    file.write_text('{"pid":1,"sock')
    assert endpoint(home=home).socket_path == str(home / "daemon/one/sock")


def test_where_there_are_no_unix_sockets_the_port_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    home = home_with(tmp_path, "one")
    assert refused(lambda: endpoint(home=home))[::2] == ("not_running", "claudemesh up --http")
    (home / "daemon/one/http.port").write_text("4100\n")
    (home / "daemon/one/local_token").write_text("secret\n")
    assert endpoint(home=home) == Endpoint(port=4100, token="secret")
