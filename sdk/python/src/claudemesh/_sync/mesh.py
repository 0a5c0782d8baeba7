"""Topics and invites."""

from __future__ import annotations

from .. import _calls as calls
from .._types import (
    Invite,
    InviteMade,
    KeyHistory,
    Role,
    Topic,
    TopicKey,
    TopicMember,
)
from .core import Group


class Topics(Group):
    """What is sent to a topic, all who have joined it receive."""

    def list(self, *, timeout_s: float | None = None) -> tuple[Topic, ...]:
        return self._core.perform(calls.topic_list(), timeout_s)

    def create(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return self._core.perform(calls.topic_create(name), timeout_s)

    def join(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return self._core.perform(calls.topic_join(name), timeout_s)

    def leave(self, name: str, *, timeout_s: float | None = None) -> Topic:
        return self._core.perform(calls.topic_leave(name), timeout_s)

    def members(self, name: str, *, timeout_s: float | None = None) -> tuple[TopicMember, ...]:
        """Who has joined it, asked of the broker now."""
        return self._core.perform(calls.topic_members(name), timeout_s)

    def rotate(self, name: str, *, history: KeyHistory | None = None, timeout_s: float | None = None) -> TopicKey:
        """A new key, from now on."""
        return self._core.perform(calls.topic_rotate(name, history), timeout_s)


class Invites(Group):
    """Links by which others join the mesh."""

    def create(
        self,
        *,
        expires_in_s: int | None = None,
        uses: int | None = None,
        role: Role | None = None,
        address: str | None = None,
        timeout_s: float | None = None,
    ) -> InviteMade:
        """Not repeated by itself: each call makes another one."""
        return self._core.perform(calls.invite_create(expires_in_s, uses, role, address), timeout_s)

    def list(self, *, timeout_s: float | None = None) -> tuple[Invite, ...]:
        return self._core.perform(calls.invite_list(), timeout_s)

    def revoke(self, invite_id: str, *, timeout_s: float | None = None) -> Invite:
        return self._core.perform(calls.invite_revoke(invite_id), timeout_s)
