"""Finds the daemon that is meant, as the command line does."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from ._errors import ClaudemeshError
from ._http import Endpoint

#: Asked before each connection: what a folder says changes when its daemon restarts.
EndpointSource = Callable[[], Endpoint]


def find_endpoint(
    *,
    socket_path: str | os.PathLike[str] | None,
    port: int | None,
    token: str | None,
    home: str | os.PathLike[str] | None,
    mesh: str | None,
    environment: Mapping[str, str],
) -> EndpointSource:
    """Where the daemon listens that is meant: at `socket_path`; at `port` with `token`; of `mesh` in `home`, each with
    the environment's word for what is not named. CLAUDEMESH_DAEMON_SOCK goes before that when nothing is named."""
    if socket_path is not None:
        at_socket = Endpoint(socket_path=os.fspath(socket_path))
        return lambda: at_socket
    if port is not None or token is not None:
        if port is None or token is None:
            raise ClaudemeshError("usage", "a port needs its token", hint="give both, or a socket_path")
        if not (token.isascii() and token.isprintable()):
            raise ClaudemeshError("usage", "this is no token", hint="it is in the daemon's local_token file")
        at_port = Endpoint(port=port, token=token)
        return lambda: at_port
    given = environment.get("CLAUDEMESH_DAEMON_SOCK", "")
    if home is None and mesh is None and given != "":
        at_given = Endpoint(socket_path=given)
        return lambda: at_given
    folder = _daemon_folder(
        Path(home if home is not None else environment.get("CLAUDEMESH_HOME", "") or "~/.claudemesh").expanduser(),
        mesh if mesh is not None else environment.get("CLAUDEMESH_MESH", "") or None,
    )
    return lambda: _endpoint_in(folder)


def _daemon_folder(home: Path, mesh: str | None) -> Path:
    """The one daemon that is meant: of `mesh` when named, else the only one."""
    try:
        slugs = sorted(entry.parent.name for entry in (home / "daemon").glob("*/mesh.json"))
    except OSError:
        slugs = []
    joined = ", ".join(slugs)
    if mesh is not None:
        if mesh in slugs:
            return home / "daemon" / mesh
        raise ClaudemeshError(
            "not_running",
            f"{home} has no daemon of mesh {mesh}",
            hint=f"joined: {joined}" if slugs else "claudemesh up",
        )
    if not slugs:
        raise ClaudemeshError("not_running", f"{home} has no daemon yet", hint="claudemesh up")
    if len(slugs) > 1:
        raise ClaudemeshError(
            "usage", f"{home} has daemons of {len(slugs)} meshes: {joined}", hint="name one: mesh=SLUG"
        )
    return home / "daemon" / slugs[0]


def _endpoint_in(folder: Path) -> Endpoint:
    """The socket that the daemon itself names, since a long path has it elsewhere; its port where there are none."""
    if hasattr(socket, "AF_UNIX"):
        named = _daemon_file(folder).get("socket")
        return Endpoint(socket_path=named if isinstance(named, str) else str(folder / "sock"))
    try:
        port = int((folder / "http.port").read_text("ascii"))
        token = (folder / "local_token").read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise ClaudemeshError(
            "not_running", f"the daemon of {folder} serves no port, or does not run", hint="claudemesh up --http"
        ) from error
    return Endpoint(port=port, token=token)


def _daemon_file(folder: Path) -> dict[str, Any]:
    try:
        # Missing, or cut short by a crash of the machine: then the daemon does not run.
        value: object = json.loads((folder / "daemon.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
