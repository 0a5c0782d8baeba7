"""Fingerprints: the vectors that all implementations share, and what a live daemon says of the same request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import ROOT, Host

from claudemesh import ClaudemeshError, ConflictError, local_fingerprint, wire_fingerprint

CASES = json.loads((ROOT / "conformance/vectors/fingerprints.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_vector_has_its_fingerprints(case: dict[str, Any]) -> None:
    written = dict(case["envelope"])
    body = written.pop("body", None) or ""
    parts = {name: value for name, value in written.items() if value is not None}
    parts["meta"] = parts.pop("meta_text", "") or None
    content = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    for version in (1, 2):
        assert wire_fingerprint(version, body=content, **parts).hex() == case[f"v{version}"]
    parts.pop("kind")
    to = parts.pop("ref")
    named = {"content_type": "text/plain; charset=utf-8", **parts}
    assert local_fingerprint(named.pop("mesh_id"), to, body=content, **named).hex() == case["local"]


def test_the_local_fingerprint_is_the_one_that_the_daemon_compares(mesh: Any, host: Host) -> None:
    mesh_id = json.loads((host.folder / "mesh.json").read_text("utf-8"))["mesh_id"]
    written: dict[str, Any] = {"meta": {"b": 1.0, "a": "é"}, "mentions": ["@alice"], "priority": "low"}
    sent = mesh.send("@alice", "one", **written)
    with pytest.raises(ConflictError) as caught:
        mesh.send("@alice", "another", id=sent.client_message_id, **written)
    prefixes = {local_fingerprint(mesh_id, "@alice", text, **written)[:8].hex() for text in ("one", "another")}
    assert caught.value.details["daemon_fingerprint_prefix"] in prefixes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": 3}, "invalid_field"),
        ({"kind": "mail"}, "invalid_field"),
        ({"priority": "urgent"}, "invalid_field"),
        ({"ref": "a\x1f"}, "control_character"),
        ({"mentions": ["a\nb"]}, "control_character"),
        ({"reply_to": "\ud800"}, "lone_surrogate"),
        ({"meta": [1]}, "invalid_field"),
    ],
)
def test_an_envelope_without_a_fingerprint_is_refused(change: dict[str, Any], code: str) -> None:
    base: dict[str, Any] = {"version": 1, "mesh_id": "m", "kind": "topic", "ref": "builds"}
    assert refused(lambda: wire_fingerprint(**{**base, **change})) == code


def test_mentions_are_a_set_in_the_order_of_their_code_units() -> None:
    base: dict[str, Any] = {"mesh_id": "m", "kind": "topic", "ref": "builds"}
    one = wire_fingerprint(2, mentions=["\ufb33", "\U0001f600", "\ufb33"], **base)
    assert one == wire_fingerprint(2, mentions=["\U0001f600", "\ufb33"], **base)
    assert one != wire_fingerprint(2, mentions=["\ufb33"], **base)


def test_a_message_is_a_text_or_bytes() -> None:
    assert refused(lambda: local_fingerprint("m", "@a")) == "missing_field"
    assert refused(lambda: local_fingerprint("m", "@a", "x", body=b"x")) == "invalid_field"
    assert local_fingerprint("m", "@a", "x") != local_fingerprint("m", "@a", body=b"x")
    named = "text/plain; charset=utf-8"
    assert local_fingerprint("m", "@a", "x") == local_fingerprint("m", "@a", body=b"x", content_type=named)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClaudemeshError) as caught:
        call()
    return caught.value.code
