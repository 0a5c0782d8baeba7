"""What the two clients and the package promise."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import claudemesh
import claudemesh.aio
from claudemesh import _calls

SOURCE = Path(claudemesh.__file__).parent
SYNC = claudemesh.Client
ASYNC = claudemesh.aio.AsyncClient
GROUPS = ("outbox", "inbox", "topics", "queues", "invites", "files")


def words(part: Any) -> dict[str, list[str]]:
    return {
        name: [parameter for parameter in inspect.signature(member).parameters if parameter != "self"]
        for name, member in inspect.getmembers(part, inspect.isfunction)
        if not name.startswith("_")
    }


def groups(client: Any) -> dict[str, Any]:
    return {name: type(getattr(client, name)) for name in GROUPS}


def test_both_clients_have_the_same_words() -> None:
    sync = claudemesh.connect(socket_path="/run/none")
    asynchronous = claudemesh.aio.connect(socket_path="/run/none")
    of_sync, of_async = words(SYNC), words(ASYNC)
    # A stream is opened by the call here and when it is entered there.
    assert of_sync.pop("events") == [*of_async.pop("events"), "timeout_s"]
    assert of_sync == of_async
    for name, group in groups(sync).items():
        of_sync, of_async = words(group), words(groups(asynchronous)[name])
        assert of_sync == of_async, name
    sync.close()


def test_every_call_of_the_description_is_there_but_those_of_the_membership_and_the_daemons_life() -> None:
    described = json.loads((ROOT / "docs/openapi/local-api.json").read_text("utf-8"))["paths"]
    paths = {re.sub(r"\{\w+\}", "*", path) for path in described}
    source = "".join(file.read_text("utf-8") for file in (SOURCE / "_calls.py", SOURCE / "_sse.py"))
    for helper, path in (('_topic(name, "', "/v1/topics/*/"), ('_queue(name, "/', "/v1/queues/*/")):
        source = source.replace(helper, f'"{path}')
    called = {re.sub(r"\{[^}]+\}", "*", path) for path in re.findall(r'"(/v1/[^"?]*?)(?:\{query_text|"|\?)', source)}
    left_out = {
        *(path for path in paths if path.startswith("/v1/members/*/") or path.endswith("/policy")),
        "/v1/membership",
        "/v1/membership/seal",
        "/v1/leave",
        "/v1/dm-policy",
        "/v1/concurrency",
        *(path for path in paths if path.startswith("/v1/keypair")),
        *(path for path in paths if path.startswith("/v1/hooks")),
        *(path for path in paths if path.startswith(("/v1/agents", "/v1/sender-policies"))),
        "/v1/inbox/*/release",
        "/v1/reload",
        "/v1/token/rotate",
        "/openapi.json",
    }
    helpers = {"/v1/topics/*/*", "/v1/queues/**"}
    assert helpers <= called
    assert called - helpers <= paths
    assert paths - called - left_out == {"/v1/queues/*"}


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_is_of_the_syntax_of_python_3_10_and_of_the_standard_library_alone(file: Path) -> None:
    import sys

    tree = ast.parse(file.read_text("utf-8"), feature_version=(3, 10))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported = [node.module or ""]
        else:
            continue
        assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_version_is_the_one_of_the_whole_project() -> None:
    version = json.loads((ROOT / "package.json").read_text("utf-8"))["version"]
    metadata = (ROOT / "sdk/python/pyproject.toml").read_text("utf-8")
    assert claudemesh.__version__ == version
    assert re.search(r'^version = "(.*)"$', metadata, re.MULTILINE).group(1) == version  # type: ignore[union-attr]


def test_what_is_exported_is_there() -> None:
    for name in claudemesh.__all__:
        assert hasattr(claudemesh, name)
    assert len(set(claudemesh.__all__)) == len(claudemesh.__all__)


def test_a_minted_id_is_a_uuid_of_version_7() -> None:
    made = [_calls.new_id() for _ in range(100)]
    assert len(set(made)) == 100
    for id_ in made:
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id_)
