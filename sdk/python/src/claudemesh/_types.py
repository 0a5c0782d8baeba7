"""Shapes of the local API. Written by `npm run docs` from its description; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from ._reading import Reader, View, any_value, array_of, boolean, bytes_of, integer, map_of, text

__all__ = [
    "Agent",
    "AgentForgotten",
    "AgentSession",
    "AgentSessionLease",
    "AgentSessionNamed",
    "AgentSessionState",
    "AgentState",
    "Agents",
    "ArchiveCleaned",
    "ArchiveDamage",
    "ArchivedKey",
    "Attachment",
    "ClaimedMessage",
    "ComparedMember",
    "Compat",
    "CompatFeatures",
    "CompatSchemaVersion",
    "Concurrency",
    "ConcurrencyPolicy",
    "DeadLetter",
    "DeliveredTo",
    "DmPolicy",
    "EventName",
    "FeatureOffer",
    "File",
    "FilesSent",
    "Health",
    "HealthDurability",
    "HealthLink",
    "HealthLinkState",
    "HealthMember",
    "HealthMembership",
    "HealthStatus",
    "HistoryItem",
    "Hook",
    "HookRun",
    "HookRunEvent",
    "HookRunOutcome",
    "HookRunState",
    "HookSettings",
    "HookSettingsAudit",
    "HookSettingsCapabilityTokenScope",
    "HookSettingsFsPolicy",
    "HookSettingsNetworkPolicy",
    "HookSettingsOnFailure",
    "HookSettingsUnenforced",
    "HookTest",
    "Hooks",
    "HooksContainment",
    "HooksContainmentBounds",
    "HooksContainmentBy",
    "InboxItem",
    "Invite",
    "InviteMade",
    "InviteRequest",
    "InviteState",
    "KeyHistory",
    "Keypair",
    "KeypairArchive",
    "KeypairChanging",
    "KeypairRotated",
    "Kick",
    "LeaseEnded",
    "LeaseEndedState",
    "LeaseExtended",
    "LinkErrorKind",
    "Member",
    "MemberStatus",
    "Membership",
    "MembershipTrouble",
    "Message",
    "MessageReleased",
    "Offer",
    "OfferFrom",
    "OfferPolicy",
    "OfferSession",
    "OfferState",
    "OfferWay",
    "OfferedMessage",
    "OffersSettled",
    "OutboxCounts",
    "OutboxPatch",
    "OutboxRequeue",
    "OutboxRow",
    "OutboxRowPreSend",
    "OutboxStatus",
    "Priority",
    "Queue",
    "QueueClaim",
    "QueueCounts",
    "ReceiptEvent",
    "ReceiptEventStage",
    "ReceiptStage",
    "Refusal",
    "Reloaded",
    "Role",
    "SafetyNumber",
    "SealAction",
    "SealDone",
    "SealMember",
    "SealPlan",
    "SendAttachment",
    "SendRequest",
    "SendResult",
    "SendState",
    "Sender",
    "SenderPolicies",
    "SenderPolicy",
    "Stage",
    "TakenOffers",
    "TokenRotated",
    "Topic",
    "TopicKey",
    "TopicMember",
    "UnclaimedMail",
    "Undecryptable",
    "Version",
]


AgentSessionState = Literal[
    "busy",
    "idle",
]
AgentState = Literal[
    "busy",
    "idle",
    "offline",
]
ConcurrencyPolicy = Literal[
    "prefer_newest",
    "prefer_oldest",
    "allow_concurrent",
]
EventName = Literal[
    "message",
    "mention",
    "receipt",
    "member_joined",
    "member_left",
    "member_renamed",
    "member_keypair_rotated",
    "keypair_archive_malformed",
    "member_revoked",
    "member_kicked",
    "member_clone_suspected",
    "member_concurrent_connection",
    "concurrency_changed",
    "membership_forked",
    "membership_rolled_back",
    "agent_online",
    "agent_offline",
    "file_shared",
    "hook_executed",
    "link_up",
    "link_down",
    "outbox_pressure",
    "gap",
    "undecryptable",
    "inbox_rebuilt",
    "log_epoch_changed",
    "feature_negotiation_failed",
]
HealthDurability = Literal[
    "disk",
    "process",
]
HealthLinkState = Literal[
    "connected",
    "connecting",
    "waiting",
    "stopped",
]
HealthStatus = Literal[
    "ok",
    "degraded",
]
HookRunEvent = Literal[
    "message",
    "mention",
    "receipt",
    "link_up",
    "link_down",
    "startup",
    "test",
    "send",
]
HookRunOutcome = Literal[
    "ok",
    "failed",
    "signalled",
    "timed_out",
    "not_started",
    "refused",
    "interrupted",
    "event_gone",
    "dropped",
]
HookRunState = Literal[
    "waiting",
    "running",
    "ended",
]
HookSettingsAudit = Literal[
    "full",
    "outcome",
    "failures",
]
HookSettingsCapabilityTokenScope = Literal[
    "reply:event",
    "dm:send:<sender>",
    "topic:<topic>:post",
]
HookSettingsFsPolicy = Literal[
    "private",
    "read-only",
    "host",
]
HookSettingsNetworkPolicy = Literal[
    "none",
    "host",
]
HookSettingsOnFailure = Literal[
    "refuse",
    "send",
]
HookSettingsUnenforced = Literal[
    "refuse",
    "run",
]
HooksContainmentBounds = Literal[
    "memory",
    "file_size",
    "processes",
]
HooksContainmentBy = Literal[
    "bubblewrap",
    "unshare",
]
InviteState = Literal[
    "open",
    "used",
    "expired",
    "revoked",
]
KeyHistory = Literal[
    "all",
    "joined",
]
LeaseEndedState = Literal[
    "done",
    "ready",
    "dead",
]
LinkErrorKind = Literal[
    "protocol_error",
    "auth_failed",
    "replaced_by_newer_connection",
    "member_already_connected",
    "member_revoked",
    "slow_consumer",
    "kicked",
    "feature_unavailable",
    "feature_param_invalid",
    "feature_param_below_floor",
    "outbox_max_age_above_dedupe_window",
    "certificate_mismatch",
    "certificate_untrusted",
    "refused",
    "name_unknown",
    "unreachable",
    "no_answer",
    "closed",
    "not_a_broker",
    "other",
]
MemberStatus = Literal[
    "active",
    "revoked",
    "left",
    "expired",
]
OfferPolicy = Literal[
    "auto",
    "ask",
    "mute",
    "hold",
    "block",
]
OfferState = Literal[
    "waiting",
    "offered",
    "held",
    "denied",
    "notified",
    "injected",
    "read",
]
OfferWay = Literal[
    "socket",
    "hook",
    "channel",
    "stream",
    "mcp",
    "command",
]
OutboxRowPreSend = Literal[
    "passed",
    "changed",
    "failed",
]
OutboxStatus = Literal[
    "pending",
    "inflight",
    "done",
    "dead",
    "aborted",
]
Priority = Literal[
    "now",
    "next",
    "low",
]
ReceiptEventStage = Literal[
    "queued",
    "accepted",
    "delivered",
    "injected",
    "read",
    "expired",
]
ReceiptStage = Literal[
    "queued",
    "accepted",
    "delivered",
    "injected",
    "read",
]
Role = Literal[
    "owner",
    "admin",
    "member",
    "guest",
]
SealAction = Literal[
    "found",
    "admit",
    "pin",
    "none",
]
SendState = Literal[
    "queued",
    "inflight",
    "done",
]


@dataclass(frozen=True)
class AgentSession(View):
    #: The program, such as `claude-code`
    kind: str
    #: Its own id of the run
    session_id: str
    state: AgentSessionState | str
    #: Folder that it began in
    project: str
    #: It takes messages at a socket of its own
    has_socket: bool
    started_at: str
    last_seen_at: str
    #: Not heard of again until then, it counts as gone
    lease_until: str

    @classmethod
    def from_json(cls, value: object) -> AgentSession:
        read = Reader(value, "AgentSession")
        return cls(
            kind=read.required("kind", text),
            session_id=read.required("session_id", text),
            state=read.required("state", text),
            project=read.required("project", text),
            has_socket=read.required("has_socket", boolean),
            started_at=read.required("started_at", text),
            last_seen_at=read.required("last_seen_at", text),
            lease_until=read.required("lease_until", text),
        )


@dataclass(frozen=True)
class Agent(View):
    name: str
    #: `@member/agent`: pass as `to` of a send
    address: str
    #: The program of its newest session; null: none was there yet
    kind: str | None
    #: Folder whose sessions are this agent; null: none
    project: str | None
    #: A user gave the name; else it is made of the folder's
    chosen: bool
    #: busy: a session works on something; idle: one is there; offline: none is, and mail waits for it
    state: AgentState | str
    #: Those that are there now, the newest first
    sessions: tuple[AgentSession, ...]
    #: Messages for it that nobody has read and none of its sessions has had, up to 10,000
    waiting: int
    #: What is sent to the member without naming an agent is for it
    default: bool
    #: Topics whose messages are for it, without `#`
    topics: tuple[str, ...]
    #: Names that it had: what is sent to them arrives here
    former_names: tuple[str, ...]
    created_at: str
    last_seen_at: str | None

    @classmethod
    def from_json(cls, value: object) -> Agent:
        read = Reader(value, "Agent")
        return cls(
            name=read.required("name", text),
            address=read.required("address", text),
            kind=read.nullable("kind", text),
            project=read.nullable("project", text),
            chosen=read.required("chosen", boolean),
            state=read.required("state", text),
            sessions=read.required("sessions", array_of(AgentSession.from_json)),
            waiting=read.required("waiting", integer),
            default=read.required("default", boolean),
            topics=read.required("topics", array_of(text)),
            former_names=read.required("former_names", array_of(text)),
            created_at=read.required("created_at", text),
            last_seen_at=read.nullable("last_seen_at", text),
        )


@dataclass(frozen=True)
class AgentForgotten(View):
    name: str
    #: Messages to it that stay in the inbox unread
    waiting: int

    @classmethod
    def from_json(cls, value: object) -> AgentForgotten:
        read = Reader(value, "AgentForgotten")
        return cls(
            name=read.required("name", text),
            waiting=read.required("waiting", integer),
        )


@dataclass(frozen=True)
class AgentSessionLease(View):
    agent: str
    #: null: it has ended
    lease_until: str | None

    @classmethod
    def from_json(cls, value: object) -> AgentSessionLease:
        read = Reader(value, "AgentSessionLease")
        return cls(
            agent=read.required("agent", text),
            lease_until=read.nullable("lease_until", text),
        )


@dataclass(frozen=True)
class AgentSessionNamed(View):
    agent: str
    address: str
    #: The agent that it was, or asked to be, while another session is that one now
    renamed_from: str | None
    lease_until: str

    @classmethod
    def from_json(cls, value: object) -> AgentSessionNamed:
        read = Reader(value, "AgentSessionNamed")
        return cls(
            agent=read.required("agent", text),
            address=read.required("address", text),
            renamed_from=read.nullable("renamed_from", text),
            lease_until=read.required("lease_until", text),
        )


@dataclass(frozen=True)
class UnclaimedMail(View):
    #: As the senders wrote it
    agent: str
    waiting: int

    @classmethod
    def from_json(cls, value: object) -> UnclaimedMail:
        read = Reader(value, "UnclaimedMail")
        return cls(
            agent=read.required("agent", text),
            waiting=read.required("waiting", integer),
        )


@dataclass(frozen=True)
class Agents(View):
    #: Newest seen first
    items: tuple[Agent, ...]
    #: Who gets what names no agent; null: nobody is interrupted
    default: str | None
    #: Unread messages that name no agent, while none is the default; up to 10,000
    undecided: int
    #: Unread messages to agents that do not exist here
    unclaimed: tuple[UnclaimedMail, ...]

    @classmethod
    def from_json(cls, value: object) -> Agents:
        read = Reader(value, "Agents")
        return cls(
            items=read.required("items", array_of(Agent.from_json)),
            default=read.nullable("default", text),
            undecided=read.required("undecided", integer),
            unclaimed=read.required("unclaimed", array_of(UnclaimedMail.from_json)),
        )


@dataclass(frozen=True)
class ArchivedKey(View):
    key_id: str
    x25519_pubkey: str
    created_at: str
    rotated_out_at: str
    #: What is sealed to it opens until then
    expires_at: str

    @classmethod
    def from_json(cls, value: object) -> ArchivedKey:
        read = Reader(value, "ArchivedKey")
        return cls(
            key_id=read.required("key_id", text),
            x25519_pubkey=read.required("x25519_pubkey", text),
            created_at=read.required("created_at", text),
            rotated_out_at=read.required("rotated_out_at", text),
            expires_at=read.required("expires_at", text),
        )


@dataclass(frozen=True)
class ArchiveDamage(View):
    problem: str
    #: Where the damaged file lies; null: it could not be moved
    aside: str | None
    #: key_ids of the entries that were saved
    saved: tuple[str, ...]
    #: Entries that were not; null: that cannot be told
    lost: int | None

    @classmethod
    def from_json(cls, value: object) -> ArchiveDamage:
        read = Reader(value, "ArchiveDamage")
        return cls(
            problem=read.required("problem", text),
            aside=read.nullable("aside", text),
            saved=read.required("saved", array_of(text)),
            lost=read.nullable("lost", integer),
        )


@dataclass(frozen=True)
class KeypairChanging(View):
    """The pair that follows, begun and not in force; null: nothing has begun."""

    key_id: str
    created_at: str

    @classmethod
    def from_json(cls, value: object) -> KeypairChanging:
        read = Reader(value, "KeypairChanging")
        return cls(
            key_id=read.required("key_id", text),
            created_at=read.required("created_at", text),
        )


@dataclass(frozen=True)
class KeypairArchive(View):
    grace_period_days: int
    max_archived_keys: int
    #: Newest first
    keys: tuple[ArchivedKey, ...]
    #: The file was damaged when the daemon started; null: it was not
    damage: ArchiveDamage | None

    @classmethod
    def from_json(cls, value: object) -> KeypairArchive:
        read = Reader(value, "KeypairArchive")
        return cls(
            grace_period_days=read.required("grace_period_days", integer),
            max_archived_keys=read.required("max_archived_keys", integer),
            keys=read.required("keys", array_of(ArchivedKey.from_json)),
            damage=read.nullable("damage", ArchiveDamage.from_json),
        )


@dataclass(frozen=True)
class Keypair(View):
    member_id: str
    #: Of the pair in use: its ed25519 public key
    key_id: str
    x25519_pubkey: str
    created_at: str
    #: The pair that follows, begun and not in force; null: nothing has begun
    changing: KeypairChanging | None
    archive: KeypairArchive

    @classmethod
    def from_json(cls, value: object) -> Keypair:
        read = Reader(value, "Keypair")
        return cls(
            member_id=read.required("member_id", text),
            key_id=read.required("key_id", text),
            x25519_pubkey=read.required("x25519_pubkey", text),
            created_at=read.required("created_at", text),
            changing=read.nullable("changing", KeypairChanging.from_json),
            archive=read.required("archive", KeypairArchive.from_json),
        )


@dataclass(frozen=True)
class ArchiveCleaned(View):
    #: key_ids that are gone for good
    dropped: tuple[str, ...]
    keypair: Keypair

    @classmethod
    def from_json(cls, value: object) -> ArchiveCleaned:
        read = Reader(value, "ArchiveCleaned")
        return cls(
            dropped=read.required("dropped", array_of(text)),
            keypair=read.required("keypair", Keypair.from_json),
        )


@dataclass(frozen=True)
class Attachment(View):
    #: As its sender calls it
    name: str
    bytes: int
    #: As its sender says
    content_type: str
    #: 64 hex characters
    file_id: str

    @classmethod
    def from_json(cls, value: object) -> Attachment:
        read = Reader(value, "Attachment")
        return cls(
            name=read.required("name", text),
            bytes=read.required("bytes", integer),
            content_type=read.required("content_type", text),
            file_id=read.required("file_id", text),
        )


@dataclass(frozen=True)
class Sender(View):
    member_id: str
    name: str | None
    #: The member's agent that sent it, as its daemon says; an answer goes to it
    agent: str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> Sender:
        read = Reader(value, "Sender")
        return cls(
            member_id=read.required("member_id", text),
            name=read.nullable("name", text),
            agent=read.optional("agent", text),
        )


@dataclass(frozen=True)
class ClaimedMessage(View):
    #: As on the wire
    client_message_id: str | None
    broker_message_id: str
    history_id: int
    epoch: int
    accepted_at: str
    #: The sender's signature was checked and holds
    verified: bool
    #: Shown to acknowledge the message, to give it back or to extend the lease
    lease_id: str
    #: By the broker's clock
    lease_until: str
    #: How often it was delivered, this time included
    deliveries: int
    from_: Sender | None = field(default=None, metadata={"json": "from", "optional": True})
    #: `@me`, `@me/agent`, `#topic` or `queue:name`
    to: str | None = field(default=None, metadata={"optional": True})
    topic: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    content_type: str | None = field(default=None, metadata={"optional": True})
    #: Decoded when the content type is text and the bytes are UTF-8
    message: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    #: base64url without padding
    body: str | None = field(default=None, metadata={"optional": True})
    meta: Mapping[str, Any] | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    mentions: tuple[str, ...] | None = field(default=None, metadata={"optional": True})
    reply_to: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    priority: Priority | str | None = field(default=None, metadata={"optional": True})
    #: Programs that answered by themselves before this one, each the answer of another
    hops: int | None = field(default=None, metadata={"optional": True})
    encrypted: bool | None = field(default=None, metadata={"optional": True})
    #: `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
    via: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    sent_at: str | None = field(default=None, metadata={"optional": True})
    #: Files that it brings
    attachments: tuple[Attachment, ...] | None = field(default=None, metadata={"optional": True})
    #: Why nothing of it can be shown
    unavailable: str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> ClaimedMessage:
        read = Reader(value, "ClaimedMessage")
        return cls(
            client_message_id=read.nullable("client_message_id", text),
            broker_message_id=read.required("broker_message_id", text),
            history_id=read.required("history_id", integer),
            epoch=read.required("epoch", integer),
            accepted_at=read.required("accepted_at", text),
            verified=read.required("verified", boolean),
            lease_id=read.required("lease_id", text),
            lease_until=read.required("lease_until", text),
            deliveries=read.required("deliveries", integer),
            from_=read.optional("from", Sender.from_json),
            to=read.optional("to", text),
            topic=read.optional("topic", text),
            content_type=read.optional("content_type", text),
            message=read.optional("message", text),
            body=read.optional("body", text),
            meta=read.optional("meta", map_of(any_value)),
            mentions=read.optional("mentions", array_of(text)),
            reply_to=read.optional("reply_to", text),
            priority=read.optional("priority", text),
            hops=read.optional("hops", integer),
            encrypted=read.optional("encrypted", boolean),
            via=read.optional("via", text),
            sent_at=read.optional("sent_at", text),
            attachments=read.optional("attachments", array_of(Attachment.from_json)),
            unavailable=read.optional("unavailable", text),
        )

    @property
    def content(self) -> bytes | None:
        """The bytes of the body."""
        return None if self.body is None else bytes_of(self.body)


@dataclass(frozen=True)
class ComparedMember(View):
    member_id: str
    name: str
    address: str
    #: Its signing key in use
    key_id: str

    @classmethod
    def from_json(cls, value: object) -> ComparedMember:
        read = Reader(value, "ComparedMember")
        return cls(
            member_id=read.required("member_id", text),
            name=read.required("name", text),
            address=read.required("address", text),
            key_id=read.required("key_id", text),
        )


@dataclass(frozen=True)
class FeatureOffer(View):
    versions: tuple[int, ...]

    @classmethod
    def from_json(cls, value: object) -> FeatureOffer:
        read = Reader(value, "FeatureOffer")
        return cls(
            versions=read.required("versions", array_of(integer)),
        )


@dataclass(frozen=True)
class CompatFeatures(View):
    """Offered to the broker, by name."""

    require: Mapping[str, FeatureOffer]
    optional: Mapping[str, FeatureOffer]

    @classmethod
    def from_json(cls, value: object) -> CompatFeatures:
        read = Reader(value, "CompatFeatures")
        return cls(
            require=read.required("require", map_of(FeatureOffer.from_json)),
            optional=read.required("optional", map_of(FeatureOffer.from_json)),
        )


@dataclass(frozen=True)
class CompatSchemaVersion(View):
    min: int
    max: int

    @classmethod
    def from_json(cls, value: object) -> CompatSchemaVersion:
        read = Reader(value, "CompatSchemaVersion")
        return cls(
            min=read.required("min", integer),
            max=read.required("max", integer),
        )


@dataclass(frozen=True)
class Compat(View):
    ipc_api: tuple[str, ...]
    ipc_features: tuple[str, ...]
    #: Subprotocols of the link
    link: tuple[str, ...]
    envelope_versions: tuple[int, ...]
    fingerprint_versions: tuple[str, ...]
    #: Offered to the broker, by name
    features: CompatFeatures
    schema_version: CompatSchemaVersion
    sqlite: str
    daemon: str
    #: Least values that this daemon works with, by feature and parameter
    feature_floors: Mapping[str, Mapping[str, int]] | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> Compat:
        read = Reader(value, "Compat")
        return cls(
            ipc_api=read.required("ipc_api", array_of(text)),
            ipc_features=read.required("ipc_features", array_of(text)),
            link=read.required("link", array_of(text)),
            envelope_versions=read.required("envelope_versions", array_of(integer)),
            fingerprint_versions=read.required("fingerprint_versions", array_of(text)),
            features=read.required("features", CompatFeatures.from_json),
            schema_version=read.required("schema_version", CompatSchemaVersion.from_json),
            sqlite=read.required("sqlite", text),
            daemon=read.required("daemon", text),
            feature_floors=read.optional("feature_floors", map_of(map_of(integer))),
        )


@dataclass(frozen=True)
class Concurrency(View):
    #: prefer_newest: the newer takes the link over; prefer_oldest: the newer is refused; allow_concurrent: one receives, the others only send
    policy: ConcurrencyPolicy | str

    @classmethod
    def from_json(cls, value: object) -> Concurrency:
        read = Reader(value, "Concurrency")
        return cls(
            policy=read.required("policy", text),
        )


@dataclass(frozen=True)
class DeadLetter(View):
    #: As on the wire
    client_message_id: str | None
    broker_message_id: str
    history_id: int
    epoch: int
    accepted_at: str
    #: The sender's signature was checked and holds
    verified: bool
    deliveries: int
    #: What the last consumer said, or that its lease ran out
    reason: str | None
    died_at: str
    #: member_id of the last consumer
    claimed_by: str
    from_: Sender | None = field(default=None, metadata={"json": "from", "optional": True})
    #: `@me`, `@me/agent`, `#topic` or `queue:name`
    to: str | None = field(default=None, metadata={"optional": True})
    topic: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    content_type: str | None = field(default=None, metadata={"optional": True})
    #: Decoded when the content type is text and the bytes are UTF-8
    message: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    #: base64url without padding
    body: str | None = field(default=None, metadata={"optional": True})
    meta: Mapping[str, Any] | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    mentions: tuple[str, ...] | None = field(default=None, metadata={"optional": True})
    reply_to: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    priority: Priority | str | None = field(default=None, metadata={"optional": True})
    #: Programs that answered by themselves before this one, each the answer of another
    hops: int | None = field(default=None, metadata={"optional": True})
    encrypted: bool | None = field(default=None, metadata={"optional": True})
    #: `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
    via: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    sent_at: str | None = field(default=None, metadata={"optional": True})
    #: Files that it brings
    attachments: tuple[Attachment, ...] | None = field(default=None, metadata={"optional": True})
    #: Why nothing of it can be shown
    unavailable: str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> DeadLetter:
        read = Reader(value, "DeadLetter")
        return cls(
            client_message_id=read.nullable("client_message_id", text),
            broker_message_id=read.required("broker_message_id", text),
            history_id=read.required("history_id", integer),
            epoch=read.required("epoch", integer),
            accepted_at=read.required("accepted_at", text),
            verified=read.required("verified", boolean),
            deliveries=read.required("deliveries", integer),
            reason=read.nullable("reason", text),
            died_at=read.required("died_at", text),
            claimed_by=read.required("claimed_by", text),
            from_=read.optional("from", Sender.from_json),
            to=read.optional("to", text),
            topic=read.optional("topic", text),
            content_type=read.optional("content_type", text),
            message=read.optional("message", text),
            body=read.optional("body", text),
            meta=read.optional("meta", map_of(any_value)),
            mentions=read.optional("mentions", array_of(text)),
            reply_to=read.optional("reply_to", text),
            priority=read.optional("priority", text),
            hops=read.optional("hops", integer),
            encrypted=read.optional("encrypted", boolean),
            via=read.optional("via", text),
            sent_at=read.optional("sent_at", text),
            attachments=read.optional("attachments", array_of(Attachment.from_json)),
            unavailable=read.optional("unavailable", text),
        )

    @property
    def content(self) -> bytes | None:
        """The bytes of the body."""
        return None if self.body is None else bytes_of(self.body)


@dataclass(frozen=True)
class DmPolicy(View):
    #: Addresses; null: everybody's
    from_: tuple[str, ...] | None = field(metadata={"json": "from"})

    @classmethod
    def from_json(cls, value: object) -> DmPolicy:
        read = Reader(value, "DmPolicy")
        return cls(
            from_=read.nullable("from", array_of(text)),
        )


@dataclass(frozen=True)
class File(View):
    #: As its sender calls it
    name: str
    bytes: int
    #: As its sender says
    content_type: str
    #: 64 hex characters
    file_id: str
    #: Of the file's bytes, 64 hex characters
    sha256: str

    @classmethod
    def from_json(cls, value: object) -> File:
        read = Reader(value, "File")
        return cls(
            name=read.required("name", text),
            bytes=read.required("bytes", integer),
            content_type=read.required("content_type", text),
            file_id=read.required("file_id", text),
            sha256=read.required("sha256", text),
        )


@dataclass(frozen=True)
class MembershipTrouble(View):
    code: str
    message: str
    #: What to do
    hint: str

    @classmethod
    def from_json(cls, value: object) -> MembershipTrouble:
        read = Reader(value, "MembershipTrouble")
        return cls(
            code=read.required("code", text),
            message=read.required("message", text),
            hint=read.required("hint", text),
        )


@dataclass(frozen=True)
class HealthMember(View):
    member_id: str
    name: str
    address: str

    @classmethod
    def from_json(cls, value: object) -> HealthMember:
        read = Reader(value, "HealthMember")
        return cls(
            member_id=read.required("member_id", text),
            name=read.required("name", text),
            address=read.required("address", text),
        )


@dataclass(frozen=True)
class HealthLink(View):
    state: HealthLinkState | str
    since: str
    broker_url: str
    last_error: str | None
    #: For programs: what kind of error that was
    last_error_kind: LinkErrorKind | str | None
    #: While it waits: the broker is not dialled before
    next_dial_at: str | None
    #: The broker's clock less this host's, at the last opening of the link
    clock_skew_ms: int | None
    #: false: another daemon of this member receives, and this one only sends; null: there is no link
    receives: bool | None = field(default=None, metadata={"optional": True})
    #: Of this start of the daemon, by which the broker and other daemons are told of it
    instance_id: str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> HealthLink:
        read = Reader(value, "HealthLink")
        return cls(
            state=read.required("state", text),
            since=read.required("since", text),
            broker_url=read.required("broker_url", text),
            last_error=read.nullable("last_error", text),
            last_error_kind=read.nullable("last_error_kind", text),
            next_dial_at=read.nullable("next_dial_at", text),
            clock_skew_ms=read.nullable("clock_skew_ms", integer),
            receives=read.optional("receives", boolean),
            instance_id=read.optional("instance_id", text),
        )


@dataclass(frozen=True)
class OutboxCounts(View):
    """Rows by status."""

    pending: int
    inflight: int
    done: int
    dead: int
    aborted: int

    @classmethod
    def from_json(cls, value: object) -> OutboxCounts:
        read = Reader(value, "OutboxCounts")
        return cls(
            pending=read.required("pending", integer),
            inflight=read.required("inflight", integer),
            done=read.required("done", integer),
            dead=read.required("dead", integer),
            aborted=read.required("aborted", integer),
        )


@dataclass(frozen=True)
class HealthMembership(View):
    #: Entries of the membership chain that this home holds; 0: none
    entries: int
    #: What keeps the broker's chain and this home's apart; null: nothing
    trouble: MembershipTrouble | None

    @classmethod
    def from_json(cls, value: object) -> HealthMembership:
        read = Reader(value, "HealthMembership")
        return cls(
            entries=read.required("entries", integer),
            trouble=read.nullable("trouble", MembershipTrouble.from_json),
        )


@dataclass(frozen=True)
class Health(View):
    #: ok: the link to the broker is up
    status: HealthStatus | str
    mesh: str
    member: HealthMember
    link: HealthLink
    #: Rows by status
    outbox: OutboxCounts
    membership: HealthMembership
    pid: int
    started_at: str
    #: What messages here outlive: `disk`: the process and the power; `process`: nothing but it, as of an ephemeral daemon
    durability: HealthDurability | str | None = field(default=None, metadata={"optional": True})
    #: When this daemon ends by itself; null: it does not
    ends_at: str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> Health:
        read = Reader(value, "Health")
        return cls(
            status=read.required("status", text),
            mesh=read.required("mesh", text),
            member=read.required("member", HealthMember.from_json),
            link=read.required("link", HealthLink.from_json),
            outbox=read.required("outbox", OutboxCounts.from_json),
            membership=read.required("membership", HealthMembership.from_json),
            pid=read.required("pid", integer),
            started_at=read.required("started_at", text),
            durability=read.optional("durability", text),
            ends_at=read.optional("ends_at", text),
        )


@dataclass(frozen=True)
class HistoryItem(View):
    #: As on the wire
    client_message_id: str | None
    broker_message_id: str
    history_id: int
    epoch: int
    accepted_at: str
    #: The sender's signature was checked and holds
    verified: bool
    from_: Sender | None = field(default=None, metadata={"json": "from", "optional": True})
    #: `@me`, `@me/agent`, `#topic` or `queue:name`
    to: str | None = field(default=None, metadata={"optional": True})
    topic: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    content_type: str | None = field(default=None, metadata={"optional": True})
    #: Decoded when the content type is text and the bytes are UTF-8
    message: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    #: base64url without padding
    body: str | None = field(default=None, metadata={"optional": True})
    meta: Mapping[str, Any] | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    mentions: tuple[str, ...] | None = field(default=None, metadata={"optional": True})
    reply_to: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    priority: Priority | str | None = field(default=None, metadata={"optional": True})
    #: Programs that answered by themselves before this one, each the answer of another
    hops: int | None = field(default=None, metadata={"optional": True})
    encrypted: bool | None = field(default=None, metadata={"optional": True})
    #: `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
    via: str | None = field(default=None, metadata={"optional": True, "absent_with": "unavailable"})
    sent_at: str | None = field(default=None, metadata={"optional": True})
    #: Files that it brings
    attachments: tuple[Attachment, ...] | None = field(default=None, metadata={"optional": True})
    #: Why nothing of it can be shown
    unavailable: str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> HistoryItem:
        read = Reader(value, "HistoryItem")
        return cls(
            client_message_id=read.nullable("client_message_id", text),
            broker_message_id=read.required("broker_message_id", text),
            history_id=read.required("history_id", integer),
            epoch=read.required("epoch", integer),
            accepted_at=read.required("accepted_at", text),
            verified=read.required("verified", boolean),
            from_=read.optional("from", Sender.from_json),
            to=read.optional("to", text),
            topic=read.optional("topic", text),
            content_type=read.optional("content_type", text),
            message=read.optional("message", text),
            body=read.optional("body", text),
            meta=read.optional("meta", map_of(any_value)),
            mentions=read.optional("mentions", array_of(text)),
            reply_to=read.optional("reply_to", text),
            priority=read.optional("priority", text),
            hops=read.optional("hops", integer),
            encrypted=read.optional("encrypted", boolean),
            via=read.optional("via", text),
            sent_at=read.optional("sent_at", text),
            attachments=read.optional("attachments", array_of(Attachment.from_json)),
            unavailable=read.optional("unavailable", text),
        )

    @property
    def content(self) -> bytes | None:
        """The bytes of the body."""
        return None if self.body is None else bytes_of(self.body)


@dataclass(frozen=True)
class HookSettings(View):
    enabled: bool
    timeout_s: int
    output_size_limit: int
    redact_payload: bool
    allow_reply: bool
    capability_token_scope: tuple[HookSettingsCapabilityTokenScope | str, ...]
    network_policy: HookSettingsNetworkPolicy | str
    fs_policy: HookSettingsFsPolicy | str
    unenforced: HookSettingsUnenforced | str
    audit: HookSettingsAudit | str
    on_failure: HookSettingsOnFailure | str

    @classmethod
    def from_json(cls, value: object) -> HookSettings:
        read = Reader(value, "HookSettings")
        return cls(
            enabled=read.required("enabled", boolean),
            timeout_s=read.required("timeout_s", integer),
            output_size_limit=read.required("output_size_limit", integer),
            redact_payload=read.required("redact_payload", boolean),
            allow_reply=read.required("allow_reply", boolean),
            capability_token_scope=read.required("capability_token_scope", array_of(text)),
            network_policy=read.required("network_policy", text),
            fs_policy=read.required("fs_policy", text),
            unenforced=read.required("unenforced", text),
            audit=read.required("audit", text),
            on_failure=read.required("on_failure", text),
        )


@dataclass(frozen=True)
class HookRun(View):
    run_id: int
    hook: str
    #: null: what called it is no event of the list
    event_id: int | None
    #: What called it
    event: HookRunEvent | str
    state: HookRunState | str
    #: How often it was begun; more than once when the daemon ended meanwhile
    attempts: int
    queued_at: str
    started_at: str | None
    ended_at: str | None
    #: null until it has ended
    outcome: HookRunOutcome | str | None
    exit_code: int | None
    #: What ended it, if a signal did
    signal: str | None
    #: The end of its standard error
    said: str | None
    #: Why it did not run, or why its reply was not sent
    reason: str | None
    #: client_message_id of its reply
    reply: str | None
    #: Events that this stands for: more than one when they were dropped together
    runs: int

    @classmethod
    def from_json(cls, value: object) -> HookRun:
        read = Reader(value, "HookRun")
        return cls(
            run_id=read.required("run_id", integer),
            hook=read.required("hook", text),
            event_id=read.nullable("event_id", integer),
            event=read.required("event", text),
            state=read.required("state", text),
            attempts=read.required("attempts", integer),
            queued_at=read.required("queued_at", text),
            started_at=read.nullable("started_at", text),
            ended_at=read.nullable("ended_at", text),
            outcome=read.nullable("outcome", text),
            exit_code=read.nullable("exit_code", integer),
            signal=read.nullable("signal", text),
            said=read.nullable("said", text),
            reason=read.nullable("reason", text),
            reply=read.nullable("reply", text),
            runs=read.required("runs", integer),
        )


@dataclass(frozen=True)
class Hook(View):
    hook: str
    #: What calls it, in words
    called_when: str
    #: As in force, defaults included
    settings: HookSettings
    #: Of the executable
    path: str
    #: Why it would not be run as it is now; null: it would
    fault: str | None
    #: Runs that wait
    waiting: int
    running: int
    last_run: HookRun | None

    @classmethod
    def from_json(cls, value: object) -> Hook:
        read = Reader(value, "Hook")
        return cls(
            hook=read.required("hook", text),
            called_when=read.required("called_when", text),
            settings=read.required("settings", HookSettings.from_json),
            path=read.required("path", text),
            fault=read.nullable("fault", text),
            waiting=read.required("waiting", integer),
            running=read.required("running", integer),
            last_run=read.nullable("last_run", HookRun.from_json),
        )


@dataclass(frozen=True)
class HookTest(View):
    hook: str
    outcome: HookRunOutcome | str
    exit_code: int | None
    #: What ended it, if a signal did
    signal: str | None
    #: The end of its standard error
    said: str | None
    #: Why it did not run, or why its answer would not be taken
    reason: str | None
    #: null: it did not run
    duration_ms: int | None
    #: false: it ran as the user. null: it did not run
    enforced: bool | None
    #: Its standard output, as far as it is read
    output: str
    output_cut: bool
    #: It would have replied
    replies: bool

    @classmethod
    def from_json(cls, value: object) -> HookTest:
        read = Reader(value, "HookTest")
        return cls(
            hook=read.required("hook", text),
            outcome=read.required("outcome", text),
            exit_code=read.nullable("exit_code", integer),
            signal=read.nullable("signal", text),
            said=read.nullable("said", text),
            reason=read.nullable("reason", text),
            duration_ms=read.nullable("duration_ms", integer),
            enforced=read.nullable("enforced", boolean),
            output=read.required("output", text),
            output_cut=read.required("output_cut", boolean),
            replies=read.required("replies", boolean),
        )


@dataclass(frozen=True)
class HooksContainment(View):
    """What hooks are held to their policies by, found out by trying."""

    #: null: nothing on this host contains a hook
    by: HooksContainmentBy | str | None
    #: Why what would be better cannot be used
    missing: tuple[str, ...]
    #: What a hook is bounded in
    bounds: tuple[HooksContainmentBounds | str, ...]

    @classmethod
    def from_json(cls, value: object) -> HooksContainment:
        read = Reader(value, "HooksContainment")
        return cls(
            by=read.nullable("by", text),
            missing=read.required("missing", array_of(text)),
            bounds=read.required("bounds", array_of(text)),
        )


@dataclass(frozen=True)
class Hooks(View):
    #: Why none runs here, whatever hooks.toml says; null: they do
    off: str | None
    #: Of hooks.toml
    path: str
    #: What hooks are held to their policies by, found out by trying
    containment: HooksContainment
    hooks: tuple[Hook, ...]

    @classmethod
    def from_json(cls, value: object) -> Hooks:
        read = Reader(value, "Hooks")
        return cls(
            off=read.nullable("off", text),
            path=read.required("path", text),
            containment=read.required("containment", HooksContainment.from_json),
            hooks=read.required("hooks", array_of(Hook.from_json)),
        )


@dataclass(frozen=True)
class InboxItem(View):
    #: Local row number, ascending in order of arrival on disk
    inbox_id: int
    #: As on the wire
    client_message_id: str | None
    broker_message_id: str
    history_id: int
    epoch: int
    accepted_at: str
    from_: Sender = field(metadata={"json": "from"})
    #: `@me`, `@me/agent`, `#topic` or `queue:name`
    to: str
    topic: str | None
    content_type: str
    #: Decoded when the content type is text and the bytes are UTF-8
    message: str | None
    #: base64url without padding
    body: str
    meta: Mapping[str, Any] | None
    mentions: tuple[str, ...]
    reply_to: str | None
    priority: Priority | str
    encrypted: bool
    #: The sender's signature was checked and holds
    verified: bool
    #: `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
    via: str | None
    sent_at: str
    #: Files that it brings
    attachments: tuple[Attachment, ...]
    agent: str | None
    received_at: str
    read_at: str | None
    #: Programs that answered by themselves before this one, each the answer of another
    hops: int | None = field(default=None, metadata={"optional": True})
    #: True: from the broker's history, since the inbox was damaged; listeners may have been told of it before
    restored: bool | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> InboxItem:
        read = Reader(value, "InboxItem")
        return cls(
            inbox_id=read.required("inbox_id", integer),
            client_message_id=read.nullable("client_message_id", text),
            broker_message_id=read.required("broker_message_id", text),
            history_id=read.required("history_id", integer),
            epoch=read.required("epoch", integer),
            accepted_at=read.required("accepted_at", text),
            from_=read.required("from", Sender.from_json),
            to=read.required("to", text),
            topic=read.nullable("topic", text),
            content_type=read.required("content_type", text),
            message=read.nullable("message", text),
            body=read.required("body", text),
            meta=read.nullable("meta", map_of(any_value)),
            mentions=read.required("mentions", array_of(text)),
            reply_to=read.nullable("reply_to", text),
            priority=read.required("priority", text),
            encrypted=read.required("encrypted", boolean),
            verified=read.required("verified", boolean),
            via=read.nullable("via", text),
            sent_at=read.required("sent_at", text),
            attachments=read.required("attachments", array_of(Attachment.from_json)),
            agent=read.nullable("agent", text),
            received_at=read.required("received_at", text),
            read_at=read.nullable("read_at", text),
            hops=read.optional("hops", integer),
            restored=read.optional("restored", boolean),
        )

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        return bytes_of(self.body)


@dataclass(frozen=True)
class Invite(View):
    #: The invite's public key; the link holds the private one
    invite_id: str
    role: Role | str
    state: InviteState | str
    #: Members it may admit
    uses: int
    #: Members it has admitted
    used: int
    created_at: str
    expires_at: str
    #: member_id of who made it
    created_by: str

    @classmethod
    def from_json(cls, value: object) -> Invite:
        read = Reader(value, "Invite")
        return cls(
            invite_id=read.required("invite_id", text),
            role=read.required("role", text),
            state=read.required("state", text),
            uses=read.required("uses", integer),
            used=read.required("used", integer),
            created_at=read.required("created_at", text),
            expires_at=read.required("expires_at", text),
            created_by=read.required("created_by", text),
        )


@dataclass(frozen=True)
class InviteMade(View):
    #: The invite's public key; the link holds the private one
    invite_id: str
    role: Role | str
    state: InviteState | str
    #: Members it may admit
    uses: int
    #: Members it has admitted
    used: int
    created_at: str
    expires_at: str
    #: member_id of who made it
    created_by: str
    #: Holds a secret: whoever has it can join. Shown here and never again
    link: str
    #: The broker listens for its own host only, so the link works there only
    loopback: bool

    @classmethod
    def from_json(cls, value: object) -> InviteMade:
        read = Reader(value, "InviteMade")
        return cls(
            invite_id=read.required("invite_id", text),
            role=read.required("role", text),
            state=read.required("state", text),
            uses=read.required("uses", integer),
            used=read.required("used", integer),
            created_at=read.required("created_at", text),
            expires_at=read.required("expires_at", text),
            created_by=read.required("created_by", text),
            link=read.required("link", text),
            loopback=read.required("loopback", boolean),
        )


@dataclass(frozen=True)
class KeypairRotated(View):
    key_id_before: str
    keypair: Keypair

    @classmethod
    def from_json(cls, value: object) -> KeypairRotated:
        read = Reader(value, "KeypairRotated")
        return cls(
            key_id_before=read.required("key_id_before", text),
            keypair=read.required("keypair", Keypair.from_json),
        )


@dataclass(frozen=True)
class Kick(View):
    member_id: str
    name: str
    address: str
    #: By the broker's clock; null: it may come back
    until: str | None

    @classmethod
    def from_json(cls, value: object) -> Kick:
        read = Reader(value, "Kick")
        return cls(
            member_id=read.required("member_id", text),
            name=read.required("name", text),
            address=read.required("address", text),
            until=read.nullable("until", text),
        )


@dataclass(frozen=True)
class LeaseEnded(View):
    history_id: int
    #: done: acknowledged; ready: given back; dead: given back after its last delivery
    state: LeaseEndedState | str
    #: When it can be claimed again
    available_at: str | None

    @classmethod
    def from_json(cls, value: object) -> LeaseEnded:
        read = Reader(value, "LeaseEnded")
        return cls(
            history_id=read.required("history_id", integer),
            state=read.required("state", text),
            available_at=read.nullable("available_at", text),
        )


@dataclass(frozen=True)
class LeaseExtended(View):
    history_id: int
    lease_until: str

    @classmethod
    def from_json(cls, value: object) -> LeaseExtended:
        read = Reader(value, "LeaseExtended")
        return cls(
            history_id=read.required("history_id", integer),
            lease_until=read.required("lease_until", text),
        )


@dataclass(frozen=True)
class Member(View):
    member_id: str
    name: str
    address: str
    role: Role | str
    online: bool
    last_seen_at: str | None
    self_: bool = field(metadata={"json": "self"})
    #: As its daemon told last
    agents: tuple[str, ...]
    status: MemberStatus | str
    #: Sent away by an owner or admin until then, as the broker last told; null: it may come
    kicked_until: str | None
    #: Its signing keys, the one in use last
    key_ids: tuple[str, ...]
    #: null in a mesh without a membership chain
    joined_at: str | None
    #: Topics and queues that it may use; null: all
    destinations: tuple[str, ...] | None
    #: Addresses whose direct messages it takes; null: everybody's
    dm_from: tuple[str, ...] | None
    #: Those of them that have a session now
    agents_online: tuple[str, ...] | None = field(default=None, metadata={"optional": True})
    #: When it was last seen on another host than before, or on a copy of it, as owners and admins are told; null: never
    clone_suspected_at: str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> Member:
        read = Reader(value, "Member")
        return cls(
            member_id=read.required("member_id", text),
            name=read.required("name", text),
            address=read.required("address", text),
            role=read.required("role", text),
            online=read.required("online", boolean),
            last_seen_at=read.nullable("last_seen_at", text),
            self_=read.required("self", boolean),
            agents=read.required("agents", array_of(text)),
            status=read.required("status", text),
            kicked_until=read.nullable("kicked_until", text),
            key_ids=read.required("key_ids", array_of(text)),
            joined_at=read.nullable("joined_at", text),
            destinations=read.nullable("destinations", array_of(text)),
            dm_from=read.nullable("dm_from", array_of(text)),
            agents_online=read.optional("agents_online", array_of(text)),
            clone_suspected_at=read.optional("clone_suspected_at", text),
        )


@dataclass(frozen=True)
class Membership(View):
    #: Place of the newest entry; null: this home holds no chain
    n: int | None
    #: Its hash: equal at two members who hold the same chain
    head: str | None
    #: What keeps the broker's chain and this home's apart; null: nothing
    trouble: MembershipTrouble | None
    #: As they were signed, in order
    entries: tuple[Mapping[str, Any], ...]
    #: `after` of the next page; null at the end
    next_after: int | None

    @classmethod
    def from_json(cls, value: object) -> Membership:
        read = Reader(value, "Membership")
        return cls(
            n=read.nullable("n", integer),
            head=read.nullable("head", text),
            trouble=read.nullable("trouble", MembershipTrouble.from_json),
            entries=read.required("entries", array_of(map_of(any_value))),
            next_after=read.nullable("next_after", integer),
        )


@dataclass(frozen=True)
class Stage(View):
    stage: ReceiptStage | str
    at: str

    @classmethod
    def from_json(cls, value: object) -> Stage:
        read = Reader(value, "Stage")
        return cls(
            stage=read.required("stage", text),
            at=read.required("at", text),
        )


@dataclass(frozen=True)
class DeliveredTo(View):
    """Topics: how many of the current subscribers hold it."""

    reached: int
    of: int

    @classmethod
    def from_json(cls, value: object) -> DeliveredTo:
        read = Reader(value, "DeliveredTo")
        return cls(
            reached=read.required("reached", integer),
            of=read.required("of", integer),
        )


@dataclass(frozen=True)
class FilesSent(View):
    """Bytes of its files that the broker has, while they are on their way to it."""

    bytes: int
    of: int

    @classmethod
    def from_json(cls, value: object) -> FilesSent:
        read = Reader(value, "FilesSent")
        return cls(
            bytes=read.required("bytes", integer),
            of=read.required("of", integer),
        )


@dataclass(frozen=True)
class Refusal(View):
    """The last refusal."""

    code: str
    message: str
    broker_message_id: str | None = field(default=None, metadata={"optional": True})
    #: Where the broker holds the id for other bytes: the first 8 bytes of their fingerprint, in hex
    broker_fingerprint_prefix: str | None = field(default=None, metadata={"optional": True})
    broker_fingerprint_version: int | None = field(default=None, metadata={"optional": True})
    #: The same of what was sent
    wire_fingerprint_prefix: str | None = field(default=None, metadata={"optional": True})
    wire_fingerprint_version: int | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> Refusal:
        read = Reader(value, "Refusal")
        return cls(
            code=read.required("code", text),
            message=read.required("message", text),
            broker_message_id=read.optional("broker_message_id", text),
            broker_fingerprint_prefix=read.optional("broker_fingerprint_prefix", text),
            broker_fingerprint_version=read.optional("broker_fingerprint_version", integer),
            wire_fingerprint_prefix=read.optional("wire_fingerprint_prefix", text),
            wire_fingerprint_version=read.optional("wire_fingerprint_version", integer),
        )


@dataclass(frozen=True)
class Message(View):
    #: The sender's own form of the id
    client_message_id: str
    outbox_id: int
    #: As written
    to: str
    status: OutboxStatus | str
    #: In order; a stage is listed only when it is true
    stages: tuple[Stage, ...]
    #: Topics: how many of the current subscribers hold it
    delivered_to: DeliveredTo | None
    #: Bytes of its files that the broker has, while they are on their way to it
    files_sent: FilesSent | None
    broker_message_id: str | None
    history_id: int | None
    #: The last refusal
    last_error: Refusal | None

    @classmethod
    def from_json(cls, value: object) -> Message:
        read = Reader(value, "Message")
        return cls(
            client_message_id=read.required("client_message_id", text),
            outbox_id=read.required("outbox_id", integer),
            to=read.required("to", text),
            status=read.required("status", text),
            stages=read.required("stages", array_of(Stage.from_json)),
            delivered_to=read.nullable("delivered_to", DeliveredTo.from_json),
            files_sent=read.nullable("files_sent", FilesSent.from_json),
            broker_message_id=read.nullable("broker_message_id", text),
            history_id=read.nullable("history_id", integer),
            last_error=read.nullable("last_error", Refusal.from_json),
        )


@dataclass(frozen=True)
class MessageReleased(View):
    inbox_id: int
    #: Agents to whose sessions it may go now
    released: tuple[str, ...]

    @classmethod
    def from_json(cls, value: object) -> MessageReleased:
        read = Reader(value, "MessageReleased")
        return cls(
            inbox_id=read.required("inbox_id", integer),
            released=read.required("released", array_of(text)),
        )


@dataclass(frozen=True)
class OfferFrom(View):
    member_id: str
    name: str | None

    @classmethod
    def from_json(cls, value: object) -> OfferFrom:
        read = Reader(value, "OfferFrom")
        return cls(
            member_id=read.required("member_id", text),
            name=read.nullable("name", text),
        )


@dataclass(frozen=True)
class OfferSession(View):
    kind: str
    session_id: str

    @classmethod
    def from_json(cls, value: object) -> OfferSession:
        read = Reader(value, "OfferSession")
        return cls(
            kind=read.required("kind", text),
            session_id=read.required("session_id", text),
        )


@dataclass(frozen=True)
class Offer(View):
    inbox_id: int
    from_: OfferFrom = field(metadata={"json": "from"})
    to: str
    priority: Priority | str
    #: waiting; offered: a session has it and has not confirmed it; held, denied: the session's user decides, or has refused it; notified: a notice of it was put in; injected: it is in a session; read
    state: OfferState | str
    #: What holds for it: of its sender, or of the settings
    policy: OfferPolicy | str
    #: Of the last offer; null: it was never offered
    way: OfferWay | str | None
    session: OfferSession | None
    #: How often it was offered
    offers: int
    offered_at: str | None
    lease_until: str | None
    changed_at: str
    #: Why it waits again, is held or was refused
    reason: str | None

    @classmethod
    def from_json(cls, value: object) -> Offer:
        read = Reader(value, "Offer")
        return cls(
            inbox_id=read.required("inbox_id", integer),
            from_=read.required("from", OfferFrom.from_json),
            to=read.required("to", text),
            priority=read.required("priority", text),
            state=read.required("state", text),
            policy=read.required("policy", text),
            way=read.nullable("way", text),
            session=read.nullable("session", OfferSession.from_json),
            offers=read.required("offers", integer),
            offered_at=read.nullable("offered_at", text),
            lease_until=read.nullable("lease_until", text),
            changed_at=read.required("changed_at", text),
            reason=read.nullable("reason", text),
        )


@dataclass(frozen=True)
class OfferedMessage(View):
    offer_id: str
    inbox_id: int
    priority: Priority | str
    #: How often it was offered: 1, or more where an earlier offer may have been seen
    repeat: int
    #: Only that there is a message, as the policy for its sender says
    notice: bool

    @classmethod
    def from_json(cls, value: object) -> OfferedMessage:
        read = Reader(value, "OfferedMessage")
        return cls(
            offer_id=read.required("offer_id", text),
            inbox_id=read.required("inbox_id", integer),
            priority=read.required("priority", text),
            repeat=read.required("repeat", integer),
            notice=read.required("notice", boolean),
        )


@dataclass(frozen=True)
class OffersSettled(View):
    changed: tuple[str, ...]
    #: Offers that were not this session's any more
    lost: tuple[str, ...]

    @classmethod
    def from_json(cls, value: object) -> OffersSettled:
        read = Reader(value, "OffersSettled")
        return cls(
            changed=read.required("changed", array_of(text)),
            lost=read.required("lost", array_of(text)),
        )


@dataclass(frozen=True)
class OutboxRow(View):
    outbox_id: int
    #: The sender's own form of the id
    client_message_id: str
    #: As written
    to: str
    status: OutboxStatus | str
    enqueued_at: str
    first_attempt_at: str | None
    next_attempt_at: str | None
    attempts: int
    #: The last refusal
    last_error: Refusal | None
    #: Bytes were on the wire and no answer has settled the row
    outcome_unknown: bool
    broker_message_id: str | None
    history_id: int | None
    delivered_at: str | None
    aborted_at: str | None
    aborted_by: str | None
    #: The row that was requeued in its place
    superseded_by: int | None
    #: The row in whose place it was requeued
    supersedes: int | None
    body_bytes: int
    #: Files that it carries
    attachments: tuple[Attachment, ...]
    #: What this host's pre-send hook made of the message, or that it could not be asked; null: none was
    pre_send: OutboxRowPreSend | str | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> OutboxRow:
        read = Reader(value, "OutboxRow")
        return cls(
            outbox_id=read.required("outbox_id", integer),
            client_message_id=read.required("client_message_id", text),
            to=read.required("to", text),
            status=read.required("status", text),
            enqueued_at=read.required("enqueued_at", text),
            first_attempt_at=read.nullable("first_attempt_at", text),
            next_attempt_at=read.nullable("next_attempt_at", text),
            attempts=read.required("attempts", integer),
            last_error=read.nullable("last_error", Refusal.from_json),
            outcome_unknown=read.required("outcome_unknown", boolean),
            broker_message_id=read.nullable("broker_message_id", text),
            history_id=read.nullable("history_id", integer),
            delivered_at=read.nullable("delivered_at", text),
            aborted_at=read.nullable("aborted_at", text),
            aborted_by=read.nullable("aborted_by", text),
            superseded_by=read.nullable("superseded_by", integer),
            supersedes=read.nullable("supersedes", integer),
            body_bytes=read.required("body_bytes", integer),
            attachments=read.required("attachments", array_of(Attachment.from_json)),
            pre_send=read.optional("pre_send", text),
        )


@dataclass(frozen=True)
class QueueCounts(View):
    """Counted now, each up to 10,000."""

    #: A claim would get them
    ready: int
    #: Given back, for later
    delayed: int
    leased: int
    #: Dead letters
    dead: int

    @classmethod
    def from_json(cls, value: object) -> QueueCounts:
        read = Reader(value, "QueueCounts")
        return cls(
            ready=read.required("ready", integer),
            delayed=read.required("delayed", integer),
            leased=read.required("leased", integer),
            dead=read.required("dead", integer),
        )


@dataclass(frozen=True)
class Queue(View):
    name: str
    #: Pass as `to` of a send
    address: str
    #: member_id
    created_by: str
    created_at: str
    #: Deliveries after which a message that nobody acknowledged is a dead letter
    deliveries_max: int
    #: API keys may hand in messages that nobody has sealed or signed
    unsealed: bool
    #: Counted now, each up to 10,000
    messages: QueueCounts

    @classmethod
    def from_json(cls, value: object) -> Queue:
        read = Reader(value, "Queue")
        return cls(
            name=read.required("name", text),
            address=read.required("address", text),
            created_by=read.required("created_by", text),
            created_at=read.required("created_at", text),
            deliveries_max=read.required("deliveries_max", integer),
            unsealed=read.required("unsealed", boolean),
            messages=read.required("messages", QueueCounts.from_json),
        )


@dataclass(frozen=True)
class Reloaded(View):
    #: Settings, `table.key`, that are in force from now on
    applied: tuple[str, ...]
    #: Changed ones that are in force from the next start on
    restart_needed: tuple[str, ...]
    #: How many say what they said before
    unchanged: int

    @classmethod
    def from_json(cls, value: object) -> Reloaded:
        read = Reader(value, "Reloaded")
        return cls(
            applied=read.required("applied", array_of(text)),
            restart_needed=read.required("restart_needed", array_of(text)),
            unchanged=read.required("unchanged", integer),
        )


@dataclass(frozen=True)
class SafetyNumber(View):
    #: Sixty digits in twelve groups of five: the same at both members, or something is wrong
    digits: str
    self_: ComparedMember = field(metadata={"json": "self"})
    member: ComparedMember

    @classmethod
    def from_json(cls, value: object) -> SafetyNumber:
        read = Reader(value, "SafetyNumber")
        return cls(
            digits=read.required("digits", text),
            self_=read.required("self", ComparedMember.from_json),
            member=read.required("member", ComparedMember.from_json),
        )


@dataclass(frozen=True)
class SealDone(View):
    #: `found`: begin the membership; `admit`: take in who has announced keys since; `pin`: go by what the owner began
    action: SealAction | str
    members: int
    #: Of the membership that this home now holds, 64 hex characters
    head: str

    @classmethod
    def from_json(cls, value: object) -> SealDone:
        read = Reader(value, "SealDone")
        return cls(
            action=read.required("action", text),
            members=read.required("members", integer),
            head=read.required("head", text),
        )


@dataclass(frozen=True)
class SealMember(View):
    member_id: str
    name: str
    role: Role | str

    @classmethod
    def from_json(cls, value: object) -> SealMember:
        read = Reader(value, "SealMember")
        return cls(
            member_id=read.required("member_id", text),
            name=read.required("name", text),
            role=read.required("role", text),
        )


@dataclass(frozen=True)
class SealPlan(View):
    #: `found`: begin the membership; `admit`: take in who has announced keys since; `pin`: go by what the owner began
    action: SealAction | str
    #: Who begins or began the membership
    owner: SealMember
    #: Who belongs to the mesh once it is done
    members: tuple[SealMember, ...]
    #: Whose daemon has not announced its keys yet
    left_out: tuple[SealMember, ...]
    #: Over all of it: what was shown is what is done
    digest: str

    @classmethod
    def from_json(cls, value: object) -> SealPlan:
        read = Reader(value, "SealPlan")
        return cls(
            action=read.required("action", text),
            owner=read.required("owner", SealMember.from_json),
            members=read.required("members", array_of(SealMember.from_json)),
            left_out=read.required("left_out", array_of(SealMember.from_json)),
            digest=read.required("digest", text),
        )


@dataclass(frozen=True)
class SendResult(View):
    #: The sender's own form of the id
    client_message_id: str
    outbox_id: int
    state: SendState | str
    #: The id was known, and stands for this same message
    duplicate: bool
    #: Where the message is kept until the broker has it: `disk`; `process`: in memory alone, by an ephemeral daemon
    durability: HealthDurability | str | None = field(default=None, metadata={"optional": True})
    broker_message_id: str | None = field(default=None, metadata={"optional": True})
    history_id: int | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> SendResult:
        read = Reader(value, "SendResult")
        return cls(
            client_message_id=read.required("client_message_id", text),
            outbox_id=read.required("outbox_id", integer),
            state=read.required("state", text),
            duplicate=read.required("duplicate", boolean),
            durability=read.optional("durability", text),
            broker_message_id=read.optional("broker_message_id", text),
            history_id=read.optional("history_id", integer),
        )


@dataclass(frozen=True)
class SenderPolicy(View):
    sender: OfferFrom
    #: null: every agent that has no line of its own for this sender
    agent: str | None
    policy: OfferPolicy | str
    #: Past it the settings hold again; null: for good
    until: str | None
    set_at: str

    @classmethod
    def from_json(cls, value: object) -> SenderPolicy:
        read = Reader(value, "SenderPolicy")
        return cls(
            sender=read.required("sender", OfferFrom.from_json),
            agent=read.nullable("agent", text),
            policy=read.required("policy", text),
            until=read.nullable("until", text),
            set_at=read.required("set_at", text),
        )


@dataclass(frozen=True)
class SenderPolicies(View):
    items: tuple[SenderPolicy, ...]
    #: Where no line is, as the settings say
    default: OfferPolicy | str
    #: Of messages that nobody has signed; the stricter one of both holds
    unverified: OfferPolicy | str

    @classmethod
    def from_json(cls, value: object) -> SenderPolicies:
        read = Reader(value, "SenderPolicies")
        return cls(
            items=read.required("items", array_of(SenderPolicy.from_json)),
            default=read.required("default", text),
            unverified=read.required("unverified", text),
        )


@dataclass(frozen=True)
class TakenOffers(View):
    #: Messages that this session has now, in order of arrival
    offers: tuple[OfferedMessage, ...]
    #: All of them, framed, ready to be put in; empty for none
    text: str
    #: Messages that wait still, up to 10,000
    more: int

    @classmethod
    def from_json(cls, value: object) -> TakenOffers:
        read = Reader(value, "TakenOffers")
        return cls(
            offers=read.required("offers", array_of(OfferedMessage.from_json)),
            text=read.required("text", text),
            more=read.required("more", integer),
        )


@dataclass(frozen=True)
class TokenRotated(View):
    rotated_at: str
    #: Until then the token before it is taken too; null: the daemon does not listen on TCP, where alone a token is asked for
    previous_valid_until: str | None

    @classmethod
    def from_json(cls, value: object) -> TokenRotated:
        read = Reader(value, "TokenRotated")
        return cls(
            rotated_at=read.required("rotated_at", text),
            previous_valid_until=read.nullable("previous_valid_until", text),
        )


@dataclass(frozen=True)
class TopicKey(View):
    #: `#name` or `queue:name`
    address: str
    #: A hash over the key, which itself is in no answer
    epoch_id: str
    #: How many keys it follows
    depth: int
    #: Whether who comes later gets the keys before it
    history: KeyHistory | str
    created_at: str

    @classmethod
    def from_json(cls, value: object) -> TopicKey:
        read = Reader(value, "TopicKey")
        return cls(
            address=read.required("address", text),
            epoch_id=read.required("epoch_id", text),
            depth=read.required("depth", integer),
            history=read.required("history", text),
            created_at=read.required("created_at", text),
        )


@dataclass(frozen=True)
class Topic(View):
    name: str
    topic_id: str
    subscribers: int
    subscribed: bool
    #: API keys may hand in messages that nobody has sealed or signed
    unsealed: bool
    #: By which it is sealed; null: none is there, or this member is not told of it
    key: TopicKey | None

    @classmethod
    def from_json(cls, value: object) -> Topic:
        read = Reader(value, "Topic")
        return cls(
            name=read.required("name", text),
            topic_id=read.required("topic_id", text),
            subscribers=read.required("subscribers", integer),
            subscribed=read.required("subscribed", boolean),
            unsealed=read.required("unsealed", boolean),
            key=read.nullable("key", TopicKey.from_json),
        )


@dataclass(frozen=True)
class TopicMember(View):
    member_id: str
    name: str
    address: str
    role: Role | str
    online: bool
    self_: bool = field(metadata={"json": "self"})

    @classmethod
    def from_json(cls, value: object) -> TopicMember:
        read = Reader(value, "TopicMember")
        return cls(
            member_id=read.required("member_id", text),
            name=read.required("name", text),
            address=read.required("address", text),
            role=read.required("role", text),
            online=read.required("online", boolean),
            self_=read.required("self", boolean),
        )


@dataclass(frozen=True)
class Undecryptable(View):
    history_id: int
    epoch: int
    #: As on the wire
    client_message_id: str
    #: As the envelope says; with the code membership_unexplained nobody has proven it
    from_: Sender = field(metadata={"json": "from"})
    to: str
    #: What it waits for, as an error code; undecryptable: no key that could still come opens it
    code: str
    reason: str
    #: No key that could still come opens it
    final: bool
    accepted_at: str
    #: When it was received
    since: str

    @classmethod
    def from_json(cls, value: object) -> Undecryptable:
        read = Reader(value, "Undecryptable")
        return cls(
            history_id=read.required("history_id", integer),
            epoch=read.required("epoch", integer),
            client_message_id=read.required("client_message_id", text),
            from_=read.required("from", Sender.from_json),
            to=read.required("to", text),
            code=read.required("code", text),
            reason=read.required("reason", text),
            final=read.required("final", boolean),
            accepted_at=read.required("accepted_at", text),
            since=read.required("since", text),
        )


@dataclass(frozen=True)
class Version(View):
    daemon: str
    ipc_api: str
    ipc_features: tuple[str, ...]
    schema_version: int
    #: As negotiated with the broker: parameters by feature, with its version; null without a link
    broker_features: Mapping[str, Any] | None
    #: What the broker answered invalidly and could be left out: an optional feature, or feature.parameter; null without a link
    ignored_features: tuple[str, ...] | None
    #: Bytes of the largest file in this mesh; the default without a link
    file_bytes: int
    #: Bytes of one message's body in this mesh; the default without a link
    inline_bytes: int
    #: What messages here outlive: `disk`: the process and the power; `process`: nothing but it, as of an ephemeral daemon
    durability: HealthDurability | str | None = field(default=None, metadata={"optional": True})
    #: Without these the daemon ends the link
    required_features: tuple[str, ...] | None = field(default=None, metadata={"optional": True})
    #: Least values that this daemon works with, by feature and parameter
    feature_floors: Mapping[str, Mapping[str, int]] | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> Version:
        read = Reader(value, "Version")
        return cls(
            daemon=read.required("daemon", text),
            ipc_api=read.required("ipc_api", text),
            ipc_features=read.required("ipc_features", array_of(text)),
            schema_version=read.required("schema_version", integer),
            broker_features=read.nullable("broker_features", map_of(any_value)),
            ignored_features=read.nullable("ignored_features", array_of(text)),
            file_bytes=read.required("file_bytes", integer),
            inline_bytes=read.required("inline_bytes", integer),
            durability=read.optional("durability", text),
            required_features=read.optional("required_features", array_of(text)),
            feature_floors=read.optional("feature_floors", map_of(map_of(integer))),
        )


@dataclass(frozen=True)
class ReceiptEvent(View):
    #: When it happened
    at: str
    #: The sender's own form of the id
    client_message_id: str
    #: Absent when this daemon has lost the row
    outbox_id: int | None = field(default=None, metadata={"optional": True})
    status: OutboxStatus | str | None = field(default=None, metadata={"optional": True})
    #: The newest one that is true; expired: the broker gave it up before everyone it was for had it, or had done with it
    stage: ReceiptEventStage | str | None = field(default=None, metadata={"optional": True})
    #: Why it expired
    reason: str | None = field(default=None, metadata={"optional": True})
    #: Topics: how many subscribers hold it
    delivered_to: DeliveredTo | None = field(default=None, metadata={"optional": True})
    #: The last refusal
    last_error: Refusal | None = field(default=None, metadata={"optional": True})

    @classmethod
    def from_json(cls, value: object) -> ReceiptEvent:
        read = Reader(value, "ReceiptEvent")
        return cls(
            at=read.required("at", text),
            client_message_id=read.required("client_message_id", text),
            outbox_id=read.optional("outbox_id", integer),
            status=read.optional("status", text),
            stage=read.optional("stage", text),
            reason=read.optional("reason", text),
            delivered_to=read.optional("delivered_to", DeliveredTo.from_json),
            last_error=read.optional("last_error", Refusal.from_json),
        )


class _SendAttachmentRequired(TypedDict):
    #: As `/v1/files` answered it
    file_id: str


class SendAttachment(_SendAttachmentRequired, total=False):
    #: What the receivers see. Absent: as it was called when it was handed over last
    name: str
    content_type: str


class _SendRequestRequired(TypedDict):
    #: `@name`, `@name/agent`, `#topic`, `queue:name`, or `@` and a member_id
    to: str


class SendRequest(_SendRequestRequired, total=False):
    #: Text; exactly one of `message` and `body`
    message: str
    #: Bytes, base64url without padding
    body: str
    content_type: str
    priority: Priority
    #: an object of at most 8192 bytes in canonical form, or null; the broker can read it
    meta: Any
    #: Members, as `@name`
    mentions: list[str]
    #: broker_message_id of a message
    reply_to: str
    #: The same id again is the same message and never sent twice; absent: one is made
    client_message_id: str
    #: The agent of this member that sends it: receivers see `@member/agent`, and answers go there
    from_agent: str
    #: Of an answer that no person decides on: the `hops` of the message that it answers, and one
    hops: int
    #: Files that were handed over at `/v1/files`, in the order in which they are shown
    attachments: list[SendAttachment]


class OutboxPatch(TypedDict, total=False):
    """Replaces these fields of the message."""

    #: Text; exactly one of `message` and `body`
    message: str
    #: Bytes, base64url without padding
    body: str
    content_type: str
    priority: Priority
    #: an object of at most 8192 bytes in canonical form, or null; the broker can read it
    meta: Any


class OutboxRequeue(TypedDict, total=False):
    #: Absent: one is made
    new_id: str
    #: Replaces these fields of the message
    patch: OutboxPatch


class QueueClaim(TypedDict, total=False):
    #: Messages at most
    limit: int
    #: Seconds from now until the message is given to somebody else
    lease_s: int
    #: Seconds to wait for the first
    wait_s: int


class InviteRequest(TypedDict, total=False):
    #: Seconds; absent: seven days
    expires_in_s: int
    #: Members it may admit
    uses: int
    #: Not above the asker's own
    role: Role
    #: One of the broker's addresses, `host:port`
    address: str
