// Shapes of the local API. Written by `npm run docs` from its description; do not edit.

package claudemesh

import "encoding/json"

// SDKVersion is the version of this package, which is that of the programs it was made with.
const SDKVersion = "0.1.0"

// AgentSessionState is one of these words, or one that a later daemon answers with.
type AgentSessionState string

// Words of AgentSessionState.
const (
	AgentSessionStateBusy AgentSessionState = "busy"
	AgentSessionStateIdle AgentSessionState = "idle"
)

// AgentState is one of these words, or one that a later daemon answers with.
type AgentState string

// Words of AgentState.
const (
	AgentStateBusy    AgentState = "busy"
	AgentStateIdle    AgentState = "idle"
	AgentStateOffline AgentState = "offline"
)

// ConcurrencyPolicy is one of these words, or one that a later daemon answers with.
type ConcurrencyPolicy string

// Words of ConcurrencyPolicy.
const (
	ConcurrencyPolicyPreferNewest    ConcurrencyPolicy = "prefer_newest"
	ConcurrencyPolicyPreferOldest    ConcurrencyPolicy = "prefer_oldest"
	ConcurrencyPolicyAllowConcurrent ConcurrencyPolicy = "allow_concurrent"
)

// EventName is one of these words, or one that a later daemon answers with.
type EventName string

// Words of EventName.
const (
	EventNameMessage                    EventName = "message"
	EventNameMention                    EventName = "mention"
	EventNameReceipt                    EventName = "receipt"
	EventNameMemberJoined               EventName = "member_joined"
	EventNameMemberLeft                 EventName = "member_left"
	EventNameMemberRenamed              EventName = "member_renamed"
	EventNameMemberKeypairRotated       EventName = "member_keypair_rotated"
	EventNameKeypairArchiveMalformed    EventName = "keypair_archive_malformed"
	EventNameMemberRevoked              EventName = "member_revoked"
	EventNameMemberKicked               EventName = "member_kicked"
	EventNameMemberCloneSuspected       EventName = "member_clone_suspected"
	EventNameMemberConcurrentConnection EventName = "member_concurrent_connection"
	EventNameConcurrencyChanged         EventName = "concurrency_changed"
	EventNameMembershipForked           EventName = "membership_forked"
	EventNameMembershipRolledBack       EventName = "membership_rolled_back"
	EventNameAgentOnline                EventName = "agent_online"
	EventNameAgentOffline               EventName = "agent_offline"
	EventNameFileShared                 EventName = "file_shared"
	EventNameHookExecuted               EventName = "hook_executed"
	EventNameLinkUp                     EventName = "link_up"
	EventNameLinkDown                   EventName = "link_down"
	EventNameOutboxPressure             EventName = "outbox_pressure"
	EventNameGap                        EventName = "gap"
	EventNameUndecryptable              EventName = "undecryptable"
	EventNameInboxRebuilt               EventName = "inbox_rebuilt"
	EventNameLogEpochChanged            EventName = "log_epoch_changed"
	EventNameFeatureNegotiationFailed   EventName = "feature_negotiation_failed"
)

// HealthDurability is one of these words, or one that a later daemon answers with.
type HealthDurability string

// Words of HealthDurability.
const (
	HealthDurabilityDisk    HealthDurability = "disk"
	HealthDurabilityProcess HealthDurability = "process"
)

// HealthLinkState is one of these words, or one that a later daemon answers with.
type HealthLinkState string

// Words of HealthLinkState.
const (
	HealthLinkStateConnected  HealthLinkState = "connected"
	HealthLinkStateConnecting HealthLinkState = "connecting"
	HealthLinkStateWaiting    HealthLinkState = "waiting"
	HealthLinkStateStopped    HealthLinkState = "stopped"
)

// HealthStatus is one of these words, or one that a later daemon answers with.
type HealthStatus string

// Words of HealthStatus.
const (
	HealthStatusOK       HealthStatus = "ok"
	HealthStatusDegraded HealthStatus = "degraded"
)

// HookRunEvent is one of these words, or one that a later daemon answers with.
type HookRunEvent string

// Words of HookRunEvent.
const (
	HookRunEventMessage  HookRunEvent = "message"
	HookRunEventMention  HookRunEvent = "mention"
	HookRunEventReceipt  HookRunEvent = "receipt"
	HookRunEventLinkUp   HookRunEvent = "link_up"
	HookRunEventLinkDown HookRunEvent = "link_down"
	HookRunEventStartup  HookRunEvent = "startup"
	HookRunEventTest     HookRunEvent = "test"
	HookRunEventSend     HookRunEvent = "send"
)

// HookRunOutcome is one of these words, or one that a later daemon answers with.
type HookRunOutcome string

// Words of HookRunOutcome.
const (
	HookRunOutcomeOK          HookRunOutcome = "ok"
	HookRunOutcomeFailed      HookRunOutcome = "failed"
	HookRunOutcomeSignalled   HookRunOutcome = "signalled"
	HookRunOutcomeTimedOut    HookRunOutcome = "timed_out"
	HookRunOutcomeNotStarted  HookRunOutcome = "not_started"
	HookRunOutcomeRefused     HookRunOutcome = "refused"
	HookRunOutcomeInterrupted HookRunOutcome = "interrupted"
	HookRunOutcomeEventGone   HookRunOutcome = "event_gone"
	HookRunOutcomeDropped     HookRunOutcome = "dropped"
)

// HookRunState is one of these words, or one that a later daemon answers with.
type HookRunState string

// Words of HookRunState.
const (
	HookRunStateWaiting HookRunState = "waiting"
	HookRunStateRunning HookRunState = "running"
	HookRunStateEnded   HookRunState = "ended"
)

// HookSettingsAudit is one of these words, or one that a later daemon answers with.
type HookSettingsAudit string

// Words of HookSettingsAudit.
const (
	HookSettingsAuditFull     HookSettingsAudit = "full"
	HookSettingsAuditOutcome  HookSettingsAudit = "outcome"
	HookSettingsAuditFailures HookSettingsAudit = "failures"
)

// HookSettingsCapabilityTokenScope is one of these words, or one that a later daemon answers with.
type HookSettingsCapabilityTokenScope string

// Words of HookSettingsCapabilityTokenScope.
const (
	HookSettingsCapabilityTokenScopeReplyEvent     HookSettingsCapabilityTokenScope = "reply:event"
	HookSettingsCapabilityTokenScopeDMSendSender   HookSettingsCapabilityTokenScope = "dm:send:<sender>"
	HookSettingsCapabilityTokenScopeTopicTopicPost HookSettingsCapabilityTokenScope = "topic:<topic>:post"
)

// HookSettingsFsPolicy is one of these words, or one that a later daemon answers with.
type HookSettingsFsPolicy string

// Words of HookSettingsFsPolicy.
const (
	HookSettingsFsPolicyPrivate  HookSettingsFsPolicy = "private"
	HookSettingsFsPolicyReadOnly HookSettingsFsPolicy = "read-only"
	HookSettingsFsPolicyHost     HookSettingsFsPolicy = "host"
)

// HookSettingsNetworkPolicy is one of these words, or one that a later daemon answers with.
type HookSettingsNetworkPolicy string

// Words of HookSettingsNetworkPolicy.
const (
	HookSettingsNetworkPolicyNone HookSettingsNetworkPolicy = "none"
	HookSettingsNetworkPolicyHost HookSettingsNetworkPolicy = "host"
)

// HookSettingsOnFailure is one of these words, or one that a later daemon answers with.
type HookSettingsOnFailure string

// Words of HookSettingsOnFailure.
const (
	HookSettingsOnFailureRefuse HookSettingsOnFailure = "refuse"
	HookSettingsOnFailureSend   HookSettingsOnFailure = "send"
)

// HookSettingsUnenforced is one of these words, or one that a later daemon answers with.
type HookSettingsUnenforced string

// Words of HookSettingsUnenforced.
const (
	HookSettingsUnenforcedRefuse HookSettingsUnenforced = "refuse"
	HookSettingsUnenforcedRun    HookSettingsUnenforced = "run"
)

// HooksContainmentBounds is one of these words, or one that a later daemon answers with.
type HooksContainmentBounds string

// Words of HooksContainmentBounds.
const (
	HooksContainmentBoundsMemory    HooksContainmentBounds = "memory"
	HooksContainmentBoundsFileSize  HooksContainmentBounds = "file_size"
	HooksContainmentBoundsProcesses HooksContainmentBounds = "processes"
)

// HooksContainmentBy is one of these words, or one that a later daemon answers with.
type HooksContainmentBy string

// Words of HooksContainmentBy.
const (
	HooksContainmentByBubblewrap HooksContainmentBy = "bubblewrap"
	HooksContainmentByUnshare    HooksContainmentBy = "unshare"
)

// InviteState is one of these words, or one that a later daemon answers with.
type InviteState string

// Words of InviteState.
const (
	InviteStateOpen    InviteState = "open"
	InviteStateUsed    InviteState = "used"
	InviteStateExpired InviteState = "expired"
	InviteStateRevoked InviteState = "revoked"
)

// KeyHistory is one of these words, or one that a later daemon answers with.
type KeyHistory string

// Words of KeyHistory.
const (
	KeyHistoryAll    KeyHistory = "all"
	KeyHistoryJoined KeyHistory = "joined"
)

// LeaseEndedState is one of these words, or one that a later daemon answers with.
type LeaseEndedState string

// Words of LeaseEndedState.
const (
	LeaseEndedStateDone  LeaseEndedState = "done"
	LeaseEndedStateReady LeaseEndedState = "ready"
	LeaseEndedStateDead  LeaseEndedState = "dead"
)

// LinkErrorKind is one of these words, or one that a later daemon answers with.
type LinkErrorKind string

// Words of LinkErrorKind.
const (
	LinkErrorKindProtocolError                 LinkErrorKind = "protocol_error"
	LinkErrorKindAuthFailed                    LinkErrorKind = "auth_failed"
	LinkErrorKindReplacedByNewerConnection     LinkErrorKind = "replaced_by_newer_connection"
	LinkErrorKindMemberAlreadyConnected        LinkErrorKind = "member_already_connected"
	LinkErrorKindMemberRevoked                 LinkErrorKind = "member_revoked"
	LinkErrorKindSlowConsumer                  LinkErrorKind = "slow_consumer"
	LinkErrorKindKicked                        LinkErrorKind = "kicked"
	LinkErrorKindFeatureUnavailable            LinkErrorKind = "feature_unavailable"
	LinkErrorKindFeatureParamInvalid           LinkErrorKind = "feature_param_invalid"
	LinkErrorKindFeatureParamBelowFloor        LinkErrorKind = "feature_param_below_floor"
	LinkErrorKindOutboxMaxAgeAboveDedupeWindow LinkErrorKind = "outbox_max_age_above_dedupe_window"
	LinkErrorKindCertificateMismatch           LinkErrorKind = "certificate_mismatch"
	LinkErrorKindCertificateUntrusted          LinkErrorKind = "certificate_untrusted"
	LinkErrorKindRefused                       LinkErrorKind = "refused"
	LinkErrorKindNameUnknown                   LinkErrorKind = "name_unknown"
	LinkErrorKindUnreachable                   LinkErrorKind = "unreachable"
	LinkErrorKindNoAnswer                      LinkErrorKind = "no_answer"
	LinkErrorKindClosed                        LinkErrorKind = "closed"
	LinkErrorKindNotABroker                    LinkErrorKind = "not_a_broker"
	LinkErrorKindOther                         LinkErrorKind = "other"
)

// MemberStatus is one of these words, or one that a later daemon answers with.
type MemberStatus string

// Words of MemberStatus.
const (
	MemberStatusActive  MemberStatus = "active"
	MemberStatusRevoked MemberStatus = "revoked"
	MemberStatusLeft    MemberStatus = "left"
	MemberStatusExpired MemberStatus = "expired"
)

// OfferPolicy is one of these words, or one that a later daemon answers with.
type OfferPolicy string

// Words of OfferPolicy.
const (
	OfferPolicyAuto  OfferPolicy = "auto"
	OfferPolicyAsk   OfferPolicy = "ask"
	OfferPolicyMute  OfferPolicy = "mute"
	OfferPolicyHold  OfferPolicy = "hold"
	OfferPolicyBlock OfferPolicy = "block"
)

// OfferState is one of these words, or one that a later daemon answers with.
type OfferState string

// Words of OfferState.
const (
	OfferStateWaiting  OfferState = "waiting"
	OfferStateOffered  OfferState = "offered"
	OfferStateHeld     OfferState = "held"
	OfferStateDenied   OfferState = "denied"
	OfferStateNotified OfferState = "notified"
	OfferStateInjected OfferState = "injected"
	OfferStateRead     OfferState = "read"
)

// OfferWay is one of these words, or one that a later daemon answers with.
type OfferWay string

// Words of OfferWay.
const (
	OfferWaySocket  OfferWay = "socket"
	OfferWayHook    OfferWay = "hook"
	OfferWayChannel OfferWay = "channel"
	OfferWayStream  OfferWay = "stream"
	OfferWayMcp     OfferWay = "mcp"
	OfferWayCommand OfferWay = "command"
)

// OutboxRowPreSend is one of these words, or one that a later daemon answers with.
type OutboxRowPreSend string

// Words of OutboxRowPreSend.
const (
	OutboxRowPreSendPassed  OutboxRowPreSend = "passed"
	OutboxRowPreSendChanged OutboxRowPreSend = "changed"
	OutboxRowPreSendFailed  OutboxRowPreSend = "failed"
)

// OutboxStatus is one of these words, or one that a later daemon answers with.
type OutboxStatus string

// Words of OutboxStatus.
const (
	OutboxStatusPending  OutboxStatus = "pending"
	OutboxStatusInflight OutboxStatus = "inflight"
	OutboxStatusDone     OutboxStatus = "done"
	OutboxStatusDead     OutboxStatus = "dead"
	OutboxStatusAborted  OutboxStatus = "aborted"
)

// Priority is one of these words, or one that a later daemon answers with.
type Priority string

// Words of Priority.
const (
	PriorityNow  Priority = "now"
	PriorityNext Priority = "next"
	PriorityLow  Priority = "low"
)

// ReceiptEventStage is one of these words, or one that a later daemon answers with.
type ReceiptEventStage string

// Words of ReceiptEventStage.
const (
	ReceiptEventStageQueued    ReceiptEventStage = "queued"
	ReceiptEventStageAccepted  ReceiptEventStage = "accepted"
	ReceiptEventStageDelivered ReceiptEventStage = "delivered"
	ReceiptEventStageInjected  ReceiptEventStage = "injected"
	ReceiptEventStageRead      ReceiptEventStage = "read"
	ReceiptEventStageExpired   ReceiptEventStage = "expired"
)

// ReceiptStage is one of these words, or one that a later daemon answers with.
type ReceiptStage string

// Words of ReceiptStage.
const (
	ReceiptStageQueued    ReceiptStage = "queued"
	ReceiptStageAccepted  ReceiptStage = "accepted"
	ReceiptStageDelivered ReceiptStage = "delivered"
	ReceiptStageInjected  ReceiptStage = "injected"
	ReceiptStageRead      ReceiptStage = "read"
)

// Role is one of these words, or one that a later daemon answers with.
type Role string

// Words of Role.
const (
	RoleOwner  Role = "owner"
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
	RoleGuest  Role = "guest"
)

// SealAction is one of these words, or one that a later daemon answers with.
type SealAction string

// Words of SealAction.
const (
	SealActionFound SealAction = "found"
	SealActionAdmit SealAction = "admit"
	SealActionPin   SealAction = "pin"
	SealActionNone  SealAction = "none"
)

// SendState is one of these words, or one that a later daemon answers with.
type SendState string

// Words of SendState.
const (
	SendStateQueued   SendState = "queued"
	SendStateInflight SendState = "inflight"
	SendStateDone     SendState = "done"
)

// AgentSession is an answer of the daemon.
type AgentSession struct {
	// The program, such as `claude-code`
	Kind string `json:"kind"`
	// Its own id of the run
	SessionID string            `json:"session_id"`
	State     AgentSessionState `json:"state"`
	// Folder that it began in
	Project string `json:"project"`
	// It takes messages at a socket of its own
	HasSocket  bool   `json:"has_socket"`
	StartedAt  string `json:"started_at"`
	LastSeenAt string `json:"last_seen_at"`
	// Not heard of again until then, it counts as gone
	LeaseUntil string `json:"lease_until"`
}

// Agent is an answer of the daemon.
type Agent struct {
	Name string `json:"name"`
	// `@member/agent`: pass as `to` of a send
	Address string `json:"address"`
	// The program of its newest session; null: none was there yet
	Kind *string `json:"kind"`
	// Folder whose sessions are this agent; null: none
	Project *string `json:"project"`
	// A user gave the name; else it is made of the folder's
	Chosen bool `json:"chosen"`
	// busy: a session works on something; idle: one is there; offline: none is, and mail waits for it
	State AgentState `json:"state"`
	// Those that are there now, the newest first
	Sessions []AgentSession `json:"sessions"`
	// Messages for it that nobody has read and none of its sessions has had, up to 10,000
	Waiting int64 `json:"waiting"`
	// What is sent to the member without naming an agent is for it
	Default bool `json:"default"`
	// Topics whose messages are for it, without `#`
	Topics []string `json:"topics"`
	// Names that it had: what is sent to them arrives here
	FormerNames []string `json:"former_names"`
	CreatedAt   string   `json:"created_at"`
	LastSeenAt  *string  `json:"last_seen_at"`
}

// AgentForgotten is an answer of the daemon.
type AgentForgotten struct {
	Name string `json:"name"`
	// Messages to it that stay in the inbox unread
	Waiting int64 `json:"waiting"`
}

// AgentSessionLease is an answer of the daemon.
type AgentSessionLease struct {
	Agent string `json:"agent"`
	// null: it has ended
	LeaseUntil *string `json:"lease_until"`
}

// AgentSessionNamed is an answer of the daemon.
type AgentSessionNamed struct {
	Agent   string `json:"agent"`
	Address string `json:"address"`
	// The agent that it was, or asked to be, while another session is that one now
	RenamedFrom *string `json:"renamed_from"`
	LeaseUntil  string  `json:"lease_until"`
}

// UnclaimedMail is an answer of the daemon.
type UnclaimedMail struct {
	// As the senders wrote it
	Agent   string `json:"agent"`
	Waiting int64  `json:"waiting"`
}

// Agents is an answer of the daemon.
type Agents struct {
	// Newest seen first
	Items []Agent `json:"items"`
	// Who gets what names no agent; null: nobody is interrupted
	Default *string `json:"default"`
	// Unread messages that name no agent, while none is the default; up to 10,000
	Undecided int64 `json:"undecided"`
	// Unread messages to agents that do not exist here
	Unclaimed []UnclaimedMail `json:"unclaimed"`
}

// ArchivedKey is an answer of the daemon.
type ArchivedKey struct {
	KeyID        string `json:"key_id"`
	X25519Pubkey string `json:"x25519_pubkey"`
	CreatedAt    string `json:"created_at"`
	RotatedOutAt string `json:"rotated_out_at"`
	// What is sealed to it opens until then
	ExpiresAt string `json:"expires_at"`
}

// ArchiveDamage is an answer of the daemon.
type ArchiveDamage struct {
	Problem string `json:"problem"`
	// Where the damaged file lies; null: it could not be moved
	Aside *string `json:"aside"`
	// key_ids of the entries that were saved
	Saved []string `json:"saved"`
	// Entries that were not; null: that cannot be told
	Lost *int64 `json:"lost"`
}

// KeypairChanging is the pair that follows, begun and not in force; null: nothing has begun.
type KeypairChanging struct {
	KeyID     string `json:"key_id"`
	CreatedAt string `json:"created_at"`
}

// KeypairArchive is an answer of the daemon.
type KeypairArchive struct {
	GracePeriodDays int64 `json:"grace_period_days"`
	MaxArchivedKeys int64 `json:"max_archived_keys"`
	// Newest first
	Keys []ArchivedKey `json:"keys"`
	// The file was damaged when the daemon started; null: it was not
	Damage *ArchiveDamage `json:"damage"`
}

// Keypair is an answer of the daemon.
type Keypair struct {
	MemberID string `json:"member_id"`
	// Of the pair in use: its ed25519 public key
	KeyID        string `json:"key_id"`
	X25519Pubkey string `json:"x25519_pubkey"`
	CreatedAt    string `json:"created_at"`
	// The pair that follows, begun and not in force; null: nothing has begun
	Changing *KeypairChanging `json:"changing"`
	Archive  KeypairArchive   `json:"archive"`
}

// ArchiveCleaned is an answer of the daemon.
type ArchiveCleaned struct {
	// key_ids that are gone for good
	Dropped []string `json:"dropped"`
	Keypair Keypair  `json:"keypair"`
}

// Attachment is an answer of the daemon.
type Attachment struct {
	// As its sender calls it
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	// As its sender says
	ContentType string `json:"content_type"`
	// 64 hex characters
	FileID string `json:"file_id"`
}

// Sender is an answer of the daemon.
type Sender struct {
	MemberID string  `json:"member_id"`
	Name     *string `json:"name"`
	// The member's agent that sent it, as its daemon says; an answer goes to it
	Agent *string `json:"agent,omitempty"`
}

// ClaimedMessage is an answer of the daemon.
type ClaimedMessage struct {
	// As on the wire
	ClientMessageID *string `json:"client_message_id"`
	BrokerMessageID string  `json:"broker_message_id"`
	HistoryID       int64   `json:"history_id"`
	Epoch           int64   `json:"epoch"`
	AcceptedAt      string  `json:"accepted_at"`
	From            *Sender `json:"from,omitempty"`
	// `@me`, `@me/agent`, `#topic` or `queue:name`
	To          string  `json:"to,omitempty"`
	Topic       *string `json:"topic,omitempty"`
	ContentType string  `json:"content_type,omitempty"`
	// Decoded when the content type is text and the bytes are UTF-8
	Message *string `json:"message,omitempty"`
	// The bytes themselves: only their JSON is base64url
	Body     Bytes          `json:"body,omitempty"`
	Meta     map[string]any `json:"meta,omitempty"`
	Mentions []string       `json:"mentions,omitempty"`
	ReplyTo  *string        `json:"reply_to,omitempty"`
	Priority Priority       `json:"priority,omitempty"`
	// Programs that answered by themselves before this one, each the answer of another
	Hops      *int64 `json:"hops,omitempty"`
	Encrypted bool   `json:"encrypted,omitempty"`
	// The sender's signature was checked and holds
	Verified bool `json:"verified"`
	// `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
	Via    *string `json:"via,omitempty"`
	SentAt string  `json:"sent_at,omitempty"`
	// Files that it brings
	Attachments []Attachment `json:"attachments,omitempty"`
	// Shown to acknowledge the message, to give it back or to extend the lease
	LeaseID string `json:"lease_id"`
	// By the broker's clock
	LeaseUntil string `json:"lease_until"`
	// How often it was delivered, this time included
	Deliveries int64 `json:"deliveries"`
	// Why nothing of it can be shown
	Unavailable string `json:"unavailable,omitempty"`
}

// wholeClaimedMessage is a ClaimedMessage that has no `unavailable`.
type wholeClaimedMessage struct {
	ClientMessageID *string        `json:"client_message_id"`
	BrokerMessageID string         `json:"broker_message_id"`
	HistoryID       int64          `json:"history_id"`
	Epoch           int64          `json:"epoch"`
	AcceptedAt      string         `json:"accepted_at"`
	From            *Sender        `json:"from,omitempty"`
	To              string         `json:"to"`
	Topic           *string        `json:"topic"`
	ContentType     string         `json:"content_type"`
	Message         *string        `json:"message"`
	Body            Bytes          `json:"body"`
	Meta            map[string]any `json:"meta"`
	Mentions        []string       `json:"mentions"`
	ReplyTo         *string        `json:"reply_to"`
	Priority        Priority       `json:"priority"`
	Hops            *int64         `json:"hops,omitempty"`
	Encrypted       bool           `json:"encrypted"`
	Verified        bool           `json:"verified"`
	Via             *string        `json:"via"`
	SentAt          string         `json:"sent_at"`
	Attachments     []Attachment   `json:"attachments"`
	LeaseID         string         `json:"lease_id"`
	LeaseUntil      string         `json:"lease_until"`
	Deliveries      int64          `json:"deliveries"`
	Unavailable     string         `json:"unavailable,omitempty"`
}

// MarshalJSON writes the form that was read: null where a text is missing, nothing where it cannot be known.
func (v ClaimedMessage) MarshalJSON() ([]byte, error) {
	type parts ClaimedMessage
	if v.Unavailable != "" {
		return json.Marshal(parts(v))
	}
	return json.Marshal(wholeClaimedMessage(v))
}

// ComparedMember is an answer of the daemon.
type ComparedMember struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	// Its signing key in use
	KeyID string `json:"key_id"`
}

// FeatureOffer is an answer of the daemon.
type FeatureOffer struct {
	Versions []int64 `json:"versions"`
}

// CompatFeatures is offered to the broker, by name.
type CompatFeatures struct {
	Require  map[string]FeatureOffer `json:"require"`
	Optional map[string]FeatureOffer `json:"optional"`
}

// CompatSchemaVersion is an answer of the daemon.
type CompatSchemaVersion struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}

// Compat is an answer of the daemon.
type Compat struct {
	IPCAPI      []string `json:"ipc_api"`
	IPCFeatures []string `json:"ipc_features"`
	// Subprotocols of the link
	Link                []string `json:"link"`
	EnvelopeVersions    []int64  `json:"envelope_versions"`
	FingerprintVersions []string `json:"fingerprint_versions"`
	// Offered to the broker, by name
	Features CompatFeatures `json:"features"`
	// Least values that this daemon works with, by feature and parameter
	FeatureFloors map[string]map[string]int64 `json:"feature_floors,omitempty"`
	SchemaVersion CompatSchemaVersion         `json:"schema_version"`
	SQLite        string                      `json:"sqlite"`
	Daemon        string                      `json:"daemon"`
}

// Concurrency is an answer of the daemon.
type Concurrency struct {
	// prefer_newest: the newer takes the link over; prefer_oldest: the newer is refused; allow_concurrent: one receives, the others only send
	Policy ConcurrencyPolicy `json:"policy"`
}

// DeadLetter is an answer of the daemon.
type DeadLetter struct {
	// As on the wire
	ClientMessageID *string `json:"client_message_id"`
	BrokerMessageID string  `json:"broker_message_id"`
	HistoryID       int64   `json:"history_id"`
	Epoch           int64   `json:"epoch"`
	AcceptedAt      string  `json:"accepted_at"`
	From            *Sender `json:"from,omitempty"`
	// `@me`, `@me/agent`, `#topic` or `queue:name`
	To          string  `json:"to,omitempty"`
	Topic       *string `json:"topic,omitempty"`
	ContentType string  `json:"content_type,omitempty"`
	// Decoded when the content type is text and the bytes are UTF-8
	Message *string `json:"message,omitempty"`
	// The bytes themselves: only their JSON is base64url
	Body     Bytes          `json:"body,omitempty"`
	Meta     map[string]any `json:"meta,omitempty"`
	Mentions []string       `json:"mentions,omitempty"`
	ReplyTo  *string        `json:"reply_to,omitempty"`
	Priority Priority       `json:"priority,omitempty"`
	// Programs that answered by themselves before this one, each the answer of another
	Hops      *int64 `json:"hops,omitempty"`
	Encrypted bool   `json:"encrypted,omitempty"`
	// The sender's signature was checked and holds
	Verified bool `json:"verified"`
	// `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
	Via    *string `json:"via,omitempty"`
	SentAt string  `json:"sent_at,omitempty"`
	// Files that it brings
	Attachments []Attachment `json:"attachments,omitempty"`
	Deliveries  int64        `json:"deliveries"`
	// What the last consumer said, or that its lease ran out
	Reason *string `json:"reason"`
	DiedAt string  `json:"died_at"`
	// member_id of the last consumer
	ClaimedBy string `json:"claimed_by"`
	// Why nothing of it can be shown
	Unavailable string `json:"unavailable,omitempty"`
}

// wholeDeadLetter is a DeadLetter that has no `unavailable`.
type wholeDeadLetter struct {
	ClientMessageID *string        `json:"client_message_id"`
	BrokerMessageID string         `json:"broker_message_id"`
	HistoryID       int64          `json:"history_id"`
	Epoch           int64          `json:"epoch"`
	AcceptedAt      string         `json:"accepted_at"`
	From            *Sender        `json:"from,omitempty"`
	To              string         `json:"to"`
	Topic           *string        `json:"topic"`
	ContentType     string         `json:"content_type"`
	Message         *string        `json:"message"`
	Body            Bytes          `json:"body"`
	Meta            map[string]any `json:"meta"`
	Mentions        []string       `json:"mentions"`
	ReplyTo         *string        `json:"reply_to"`
	Priority        Priority       `json:"priority"`
	Hops            *int64         `json:"hops,omitempty"`
	Encrypted       bool           `json:"encrypted"`
	Verified        bool           `json:"verified"`
	Via             *string        `json:"via"`
	SentAt          string         `json:"sent_at"`
	Attachments     []Attachment   `json:"attachments"`
	Deliveries      int64          `json:"deliveries"`
	Reason          *string        `json:"reason"`
	DiedAt          string         `json:"died_at"`
	ClaimedBy       string         `json:"claimed_by"`
	Unavailable     string         `json:"unavailable,omitempty"`
}

// MarshalJSON writes the form that was read: null where a text is missing, nothing where it cannot be known.
func (v DeadLetter) MarshalJSON() ([]byte, error) {
	type parts DeadLetter
	if v.Unavailable != "" {
		return json.Marshal(parts(v))
	}
	return json.Marshal(wholeDeadLetter(v))
}

// DmPolicy is an answer of the daemon.
type DmPolicy struct {
	// Addresses; null: everybody's
	From []string `json:"from"`
}

// File is an answer of the daemon.
type File struct {
	// As its sender calls it
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	// As its sender says
	ContentType string `json:"content_type"`
	// 64 hex characters
	FileID string `json:"file_id"`
	// Of the file's bytes, 64 hex characters
	Sha256 string `json:"sha256"`
}

// MembershipTrouble is an answer of the daemon.
type MembershipTrouble struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// What to do
	Hint string `json:"hint"`
}

// HealthMember is an answer of the daemon.
type HealthMember struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
	Address  string `json:"address"`
}

// HealthLink is an answer of the daemon.
type HealthLink struct {
	State     HealthLinkState `json:"state"`
	Since     string          `json:"since"`
	BrokerURL string          `json:"broker_url"`
	LastError *string         `json:"last_error"`
	// For programs: what kind of error that was
	LastErrorKind *LinkErrorKind `json:"last_error_kind"`
	// false: another daemon of this member receives, and this one only sends; null: there is no link
	Receives *bool `json:"receives,omitempty"`
	// Of this start of the daemon, by which the broker and other daemons are told of it
	InstanceID string `json:"instance_id,omitempty"`
	// While it waits: the broker is not dialled before
	NextDialAt *string `json:"next_dial_at"`
	// The broker's clock less this host's, at the last opening of the link
	ClockSkewMS *int64 `json:"clock_skew_ms"`
}

// OutboxCounts is rows by status.
type OutboxCounts struct {
	Pending  int64 `json:"pending"`
	Inflight int64 `json:"inflight"`
	Done     int64 `json:"done"`
	Dead     int64 `json:"dead"`
	Aborted  int64 `json:"aborted"`
}

// HealthMembership is an answer of the daemon.
type HealthMembership struct {
	// Entries of the membership chain that this home holds; 0: none
	Entries int64 `json:"entries"`
	// What keeps the broker's chain and this home's apart; null: nothing
	Trouble *MembershipTrouble `json:"trouble"`
}

// Health is an answer of the daemon.
type Health struct {
	// ok: the link to the broker is up
	Status HealthStatus `json:"status"`
	Mesh   string       `json:"mesh"`
	Member HealthMember `json:"member"`
	Link   HealthLink   `json:"link"`
	// Rows by status
	Outbox     OutboxCounts     `json:"outbox"`
	Membership HealthMembership `json:"membership"`
	PID        int64            `json:"pid"`
	StartedAt  string           `json:"started_at"`
	// What messages here outlive: `disk`: the process and the power; `process`: nothing but it, as of an ephemeral daemon
	Durability HealthDurability `json:"durability,omitempty"`
	// When this daemon ends by itself; null: it does not
	EndsAt *string `json:"ends_at,omitempty"`
}

// HistoryItem is an answer of the daemon.
type HistoryItem struct {
	// As on the wire
	ClientMessageID *string `json:"client_message_id"`
	BrokerMessageID string  `json:"broker_message_id"`
	HistoryID       int64   `json:"history_id"`
	Epoch           int64   `json:"epoch"`
	AcceptedAt      string  `json:"accepted_at"`
	From            *Sender `json:"from,omitempty"`
	// `@me`, `@me/agent`, `#topic` or `queue:name`
	To          string  `json:"to,omitempty"`
	Topic       *string `json:"topic,omitempty"`
	ContentType string  `json:"content_type,omitempty"`
	// Decoded when the content type is text and the bytes are UTF-8
	Message *string `json:"message,omitempty"`
	// The bytes themselves: only their JSON is base64url
	Body     Bytes          `json:"body,omitempty"`
	Meta     map[string]any `json:"meta,omitempty"`
	Mentions []string       `json:"mentions,omitempty"`
	ReplyTo  *string        `json:"reply_to,omitempty"`
	Priority Priority       `json:"priority,omitempty"`
	// Programs that answered by themselves before this one, each the answer of another
	Hops      *int64 `json:"hops,omitempty"`
	Encrypted bool   `json:"encrypted,omitempty"`
	// The sender's signature was checked and holds
	Verified bool `json:"verified"`
	// `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
	Via    *string `json:"via,omitempty"`
	SentAt string  `json:"sent_at,omitempty"`
	// Files that it brings
	Attachments []Attachment `json:"attachments,omitempty"`
	// Why nothing of it can be shown
	Unavailable string `json:"unavailable,omitempty"`
}

// wholeHistoryItem is a HistoryItem that has no `unavailable`.
type wholeHistoryItem struct {
	ClientMessageID *string        `json:"client_message_id"`
	BrokerMessageID string         `json:"broker_message_id"`
	HistoryID       int64          `json:"history_id"`
	Epoch           int64          `json:"epoch"`
	AcceptedAt      string         `json:"accepted_at"`
	From            *Sender        `json:"from,omitempty"`
	To              string         `json:"to"`
	Topic           *string        `json:"topic"`
	ContentType     string         `json:"content_type"`
	Message         *string        `json:"message"`
	Body            Bytes          `json:"body"`
	Meta            map[string]any `json:"meta"`
	Mentions        []string       `json:"mentions"`
	ReplyTo         *string        `json:"reply_to"`
	Priority        Priority       `json:"priority"`
	Hops            *int64         `json:"hops,omitempty"`
	Encrypted       bool           `json:"encrypted"`
	Verified        bool           `json:"verified"`
	Via             *string        `json:"via"`
	SentAt          string         `json:"sent_at"`
	Attachments     []Attachment   `json:"attachments"`
	Unavailable     string         `json:"unavailable,omitempty"`
}

// MarshalJSON writes the form that was read: null where a text is missing, nothing where it cannot be known.
func (v HistoryItem) MarshalJSON() ([]byte, error) {
	type parts HistoryItem
	if v.Unavailable != "" {
		return json.Marshal(parts(v))
	}
	return json.Marshal(wholeHistoryItem(v))
}

// HookSettings is an answer of the daemon.
type HookSettings struct {
	Enabled              bool                               `json:"enabled"`
	TimeoutS             int64                              `json:"timeout_s"`
	OutputSizeLimit      int64                              `json:"output_size_limit"`
	RedactPayload        bool                               `json:"redact_payload"`
	AllowReply           bool                               `json:"allow_reply"`
	CapabilityTokenScope []HookSettingsCapabilityTokenScope `json:"capability_token_scope"`
	NetworkPolicy        HookSettingsNetworkPolicy          `json:"network_policy"`
	FsPolicy             HookSettingsFsPolicy               `json:"fs_policy"`
	Unenforced           HookSettingsUnenforced             `json:"unenforced"`
	Audit                HookSettingsAudit                  `json:"audit"`
	OnFailure            HookSettingsOnFailure              `json:"on_failure"`
}

// HookRun is an answer of the daemon.
type HookRun struct {
	RunID int64  `json:"run_id"`
	Hook  string `json:"hook"`
	// null: what called it is no event of the list
	EventID *int64 `json:"event_id"`
	// What called it
	Event HookRunEvent `json:"event"`
	State HookRunState `json:"state"`
	// How often it was begun; more than once when the daemon ended meanwhile
	Attempts  int64   `json:"attempts"`
	QueuedAt  string  `json:"queued_at"`
	StartedAt *string `json:"started_at"`
	EndedAt   *string `json:"ended_at"`
	// null until it has ended
	Outcome  *HookRunOutcome `json:"outcome"`
	ExitCode *int64          `json:"exit_code"`
	// What ended it, if a signal did
	Signal *string `json:"signal"`
	// The end of its standard error
	Said *string `json:"said"`
	// Why it did not run, or why its reply was not sent
	Reason *string `json:"reason"`
	// client_message_id of its reply
	Reply *string `json:"reply"`
	// Events that this stands for: more than one when they were dropped together
	Runs int64 `json:"runs"`
}

// Hook is an answer of the daemon.
type Hook struct {
	Hook string `json:"hook"`
	// What calls it, in words
	CalledWhen string `json:"called_when"`
	// As in force, defaults included
	Settings HookSettings `json:"settings"`
	// Of the executable
	Path string `json:"path"`
	// Why it would not be run as it is now; null: it would
	Fault *string `json:"fault"`
	// Runs that wait
	Waiting int64    `json:"waiting"`
	Running int64    `json:"running"`
	LastRun *HookRun `json:"last_run"`
}

// HookTest is an answer of the daemon.
type HookTest struct {
	Hook     string         `json:"hook"`
	Outcome  HookRunOutcome `json:"outcome"`
	ExitCode *int64         `json:"exit_code"`
	// What ended it, if a signal did
	Signal *string `json:"signal"`
	// The end of its standard error
	Said *string `json:"said"`
	// Why it did not run, or why its answer would not be taken
	Reason *string `json:"reason"`
	// null: it did not run
	DurationMS *int64 `json:"duration_ms"`
	// false: it ran as the user. null: it did not run
	Enforced *bool `json:"enforced"`
	// Its standard output, as far as it is read
	Output    string `json:"output"`
	OutputCut bool   `json:"output_cut"`
	// It would have replied
	Replies bool `json:"replies"`
}

// HooksContainment is what hooks are held to their policies by, found out by trying.
type HooksContainment struct {
	// null: nothing on this host contains a hook
	By *HooksContainmentBy `json:"by"`
	// Why what would be better cannot be used
	Missing []string `json:"missing"`
	// What a hook is bounded in
	Bounds []HooksContainmentBounds `json:"bounds"`
}

// Hooks is an answer of the daemon.
type Hooks struct {
	// Why none runs here, whatever hooks.toml says; null: they do
	Off *string `json:"off"`
	// Of hooks.toml
	Path string `json:"path"`
	// What hooks are held to their policies by, found out by trying
	Containment HooksContainment `json:"containment"`
	Hooks       []Hook           `json:"hooks"`
}

// InboxItem is an answer of the daemon.
type InboxItem struct {
	// Local row number, ascending in order of arrival on disk
	InboxID int64 `json:"inbox_id"`
	// As on the wire
	ClientMessageID *string `json:"client_message_id"`
	BrokerMessageID string  `json:"broker_message_id"`
	HistoryID       int64   `json:"history_id"`
	Epoch           int64   `json:"epoch"`
	AcceptedAt      string  `json:"accepted_at"`
	From            Sender  `json:"from"`
	// `@me`, `@me/agent`, `#topic` or `queue:name`
	To          string  `json:"to"`
	Topic       *string `json:"topic"`
	ContentType string  `json:"content_type"`
	// Decoded when the content type is text and the bytes are UTF-8
	Message *string `json:"message"`
	// The bytes themselves: only their JSON is base64url
	Body     Bytes          `json:"body"`
	Meta     map[string]any `json:"meta"`
	Mentions []string       `json:"mentions"`
	ReplyTo  *string        `json:"reply_to"`
	Priority Priority       `json:"priority"`
	// Programs that answered by themselves before this one, each the answer of another
	Hops      *int64 `json:"hops,omitempty"`
	Encrypted bool   `json:"encrypted"`
	// The sender's signature was checked and holds
	Verified bool `json:"verified"`
	// `api:<key id>`: an API key of the member handed it to the broker; nobody has signed it, and it is not encrypted
	Via    *string `json:"via"`
	SentAt string  `json:"sent_at"`
	// Files that it brings
	Attachments []Attachment `json:"attachments"`
	Agent       *string      `json:"agent"`
	ReceivedAt  string       `json:"received_at"`
	ReadAt      *string      `json:"read_at"`
	// True: from the broker's history, since the inbox was damaged; listeners may have been told of it before
	Restored bool `json:"restored,omitempty"`
}

// Invite is an answer of the daemon.
type Invite struct {
	// The invite's public key; the link holds the private one
	InviteID string      `json:"invite_id"`
	Role     Role        `json:"role"`
	State    InviteState `json:"state"`
	// Members it may admit
	Uses int64 `json:"uses"`
	// Members it has admitted
	Used      int64  `json:"used"`
	CreatedAt string `json:"created_at"`
	ExpiresAt string `json:"expires_at"`
	// member_id of who made it
	CreatedBy string `json:"created_by"`
}

// InviteMade is an answer of the daemon.
type InviteMade struct {
	// The invite's public key; the link holds the private one
	InviteID string      `json:"invite_id"`
	Role     Role        `json:"role"`
	State    InviteState `json:"state"`
	// Members it may admit
	Uses int64 `json:"uses"`
	// Members it has admitted
	Used      int64  `json:"used"`
	CreatedAt string `json:"created_at"`
	ExpiresAt string `json:"expires_at"`
	// member_id of who made it
	CreatedBy string `json:"created_by"`
	// Holds a secret: whoever has it can join. Shown here and never again
	Link string `json:"link"`
	// The broker listens for its own host only, so the link works there only
	Loopback bool `json:"loopback"`
}

// KeypairRotated is an answer of the daemon.
type KeypairRotated struct {
	KeyIDBefore string  `json:"key_id_before"`
	Keypair     Keypair `json:"keypair"`
}

// Kick is an answer of the daemon.
type Kick struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	// By the broker's clock; null: it may come back
	Until *string `json:"until"`
}

// LeaseEnded is an answer of the daemon.
type LeaseEnded struct {
	HistoryID int64 `json:"history_id"`
	// done: acknowledged; ready: given back; dead: given back after its last delivery
	State LeaseEndedState `json:"state"`
	// When it can be claimed again
	AvailableAt *string `json:"available_at"`
}

// LeaseExtended is an answer of the daemon.
type LeaseExtended struct {
	HistoryID  int64  `json:"history_id"`
	LeaseUntil string `json:"lease_until"`
}

// Member is an answer of the daemon.
type Member struct {
	MemberID   string  `json:"member_id"`
	Name       string  `json:"name"`
	Address    string  `json:"address"`
	Role       Role    `json:"role"`
	Online     bool    `json:"online"`
	LastSeenAt *string `json:"last_seen_at"`
	Self       bool    `json:"self"`
	// As its daemon told last
	Agents []string `json:"agents"`
	// Those of them that have a session now
	AgentsOnline []string     `json:"agents_online,omitempty"`
	Status       MemberStatus `json:"status"`
	// Sent away by an owner or admin until then, as the broker last told; null: it may come
	KickedUntil *string `json:"kicked_until"`
	// When it was last seen on another host than before, or on a copy of it, as owners and admins are told; null: never
	CloneSuspectedAt *string `json:"clone_suspected_at,omitempty"`
	// Its signing keys, the one in use last
	KeyIDs []string `json:"key_ids"`
	// null in a mesh without a membership chain
	JoinedAt *string `json:"joined_at"`
	// Topics and queues that it may use; null: all
	Destinations []string `json:"destinations"`
	// Addresses whose direct messages it takes; null: everybody's
	DMFrom []string `json:"dm_from"`
}

// Membership is an answer of the daemon.
type Membership struct {
	// Place of the newest entry; null: this home holds no chain
	N *int64 `json:"n"`
	// Its hash: equal at two members who hold the same chain
	Head *string `json:"head"`
	// What keeps the broker's chain and this home's apart; null: nothing
	Trouble *MembershipTrouble `json:"trouble"`
	// As they were signed, in order
	Entries []map[string]any `json:"entries"`
	// `after` of the next page; null at the end
	NextAfter *int64 `json:"next_after"`
}

// Stage is an answer of the daemon.
type Stage struct {
	Stage ReceiptStage `json:"stage"`
	At    string       `json:"at"`
}

// DeliveredTo is topics: how many of the current subscribers hold it.
type DeliveredTo struct {
	Reached int64 `json:"reached"`
	Of      int64 `json:"of"`
}

// FilesSent is bytes of its files that the broker has, while they are on their way to it.
type FilesSent struct {
	Bytes int64 `json:"bytes"`
	Of    int64 `json:"of"`
}

// Refusal is the last refusal.
type Refusal struct {
	Code            string `json:"code"`
	Message         string `json:"message"`
	BrokerMessageID string `json:"broker_message_id,omitempty"`
	// Where the broker holds the id for other bytes: the first 8 bytes of their fingerprint, in hex
	BrokerFingerprintPrefix  string `json:"broker_fingerprint_prefix,omitempty"`
	BrokerFingerprintVersion *int64 `json:"broker_fingerprint_version,omitempty"`
	// The same of what was sent
	WireFingerprintPrefix  string `json:"wire_fingerprint_prefix,omitempty"`
	WireFingerprintVersion *int64 `json:"wire_fingerprint_version,omitempty"`
}

// Message is an answer of the daemon.
type Message struct {
	// The sender's own form of the id
	ClientMessageID string `json:"client_message_id"`
	OutboxID        int64  `json:"outbox_id"`
	// As written
	To     string       `json:"to"`
	Status OutboxStatus `json:"status"`
	// In order; a stage is listed only when it is true
	Stages []Stage `json:"stages"`
	// Topics: how many of the current subscribers hold it
	DeliveredTo *DeliveredTo `json:"delivered_to"`
	// Bytes of its files that the broker has, while they are on their way to it
	FilesSent       *FilesSent `json:"files_sent"`
	BrokerMessageID *string    `json:"broker_message_id"`
	HistoryID       *int64     `json:"history_id"`
	// The last refusal
	LastError *Refusal `json:"last_error"`
}

// MessageReleased is an answer of the daemon.
type MessageReleased struct {
	InboxID int64 `json:"inbox_id"`
	// Agents to whose sessions it may go now
	Released []string `json:"released"`
}

// OfferFrom is an answer of the daemon.
type OfferFrom struct {
	MemberID string  `json:"member_id"`
	Name     *string `json:"name"`
}

// OfferSession is an answer of the daemon.
type OfferSession struct {
	Kind      string `json:"kind"`
	SessionID string `json:"session_id"`
}

// Offer is an answer of the daemon.
type Offer struct {
	InboxID  int64     `json:"inbox_id"`
	From     OfferFrom `json:"from"`
	To       string    `json:"to"`
	Priority Priority  `json:"priority"`
	// waiting; offered: a session has it and has not confirmed it; held, denied: the session's user decides, or has refused it; notified: a notice of it was put in; injected: it is in a session; read
	State OfferState `json:"state"`
	// What holds for it: of its sender, or of the settings
	Policy OfferPolicy `json:"policy"`
	// Of the last offer; null: it was never offered
	Way     *OfferWay     `json:"way"`
	Session *OfferSession `json:"session"`
	// How often it was offered
	Offers     int64   `json:"offers"`
	OfferedAt  *string `json:"offered_at"`
	LeaseUntil *string `json:"lease_until"`
	ChangedAt  string  `json:"changed_at"`
	// Why it waits again, is held or was refused
	Reason *string `json:"reason"`
}

// OfferedMessage is an answer of the daemon.
type OfferedMessage struct {
	OfferID  string   `json:"offer_id"`
	InboxID  int64    `json:"inbox_id"`
	Priority Priority `json:"priority"`
	// How often it was offered: 1, or more where an earlier offer may have been seen
	Repeat int64 `json:"repeat"`
	// Only that there is a message, as the policy for its sender says
	Notice bool `json:"notice"`
}

// OffersSettled is an answer of the daemon.
type OffersSettled struct {
	Changed []string `json:"changed"`
	// Offers that were not this session's any more
	Lost []string `json:"lost"`
}

// OutboxRow is an answer of the daemon.
type OutboxRow struct {
	OutboxID int64 `json:"outbox_id"`
	// The sender's own form of the id
	ClientMessageID string `json:"client_message_id"`
	// As written
	To             string       `json:"to"`
	Status         OutboxStatus `json:"status"`
	EnqueuedAt     string       `json:"enqueued_at"`
	FirstAttemptAt *string      `json:"first_attempt_at"`
	NextAttemptAt  *string      `json:"next_attempt_at"`
	Attempts       int64        `json:"attempts"`
	// The last refusal
	LastError *Refusal `json:"last_error"`
	// Bytes were on the wire and no answer has settled the row
	OutcomeUnknown  bool    `json:"outcome_unknown"`
	BrokerMessageID *string `json:"broker_message_id"`
	HistoryID       *int64  `json:"history_id"`
	DeliveredAt     *string `json:"delivered_at"`
	AbortedAt       *string `json:"aborted_at"`
	AbortedBy       *string `json:"aborted_by"`
	// The row that was requeued in its place
	SupersededBy *int64 `json:"superseded_by"`
	// The row in whose place it was requeued
	Supersedes *int64 `json:"supersedes"`
	BodyBytes  int64  `json:"body_bytes"`
	// Files that it carries
	Attachments []Attachment `json:"attachments"`
	// What this host's pre-send hook made of the message, or that it could not be asked; null: none was
	PreSend *OutboxRowPreSend `json:"pre_send,omitempty"`
}

// QueueCounts is counted now, each up to 10,000.
type QueueCounts struct {
	// A claim would get them
	Ready int64 `json:"ready"`
	// Given back, for later
	Delayed int64 `json:"delayed"`
	Leased  int64 `json:"leased"`
	// Dead letters
	Dead int64 `json:"dead"`
}

// Queue is an answer of the daemon.
type Queue struct {
	Name string `json:"name"`
	// Pass as `to` of a send
	Address string `json:"address"`
	// member_id
	CreatedBy string `json:"created_by"`
	CreatedAt string `json:"created_at"`
	// Deliveries after which a message that nobody acknowledged is a dead letter
	DeliveriesMax int64 `json:"deliveries_max"`
	// API keys may hand in messages that nobody has sealed or signed
	Unsealed bool `json:"unsealed"`
	// Counted now, each up to 10,000
	Messages QueueCounts `json:"messages"`
}

// Reloaded is an answer of the daemon.
type Reloaded struct {
	// Settings, `table.key`, that are in force from now on
	Applied []string `json:"applied"`
	// Changed ones that are in force from the next start on
	RestartNeeded []string `json:"restart_needed"`
	// How many say what they said before
	Unchanged int64 `json:"unchanged"`
}

// SafetyNumber is an answer of the daemon.
type SafetyNumber struct {
	// Sixty digits in twelve groups of five: the same at both members, or something is wrong
	Digits string         `json:"digits"`
	Self   ComparedMember `json:"self"`
	Member ComparedMember `json:"member"`
}

// SealDone is an answer of the daemon.
type SealDone struct {
	// `found`: begin the membership; `admit`: take in who has announced keys since; `pin`: go by what the owner began
	Action  SealAction `json:"action"`
	Members int64      `json:"members"`
	// Of the membership that this home now holds, 64 hex characters
	Head string `json:"head"`
}

// SealMember is an answer of the daemon.
type SealMember struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
	Role     Role   `json:"role"`
}

// SealPlan is an answer of the daemon.
type SealPlan struct {
	// `found`: begin the membership; `admit`: take in who has announced keys since; `pin`: go by what the owner began
	Action SealAction `json:"action"`
	// Who begins or began the membership
	Owner SealMember `json:"owner"`
	// Who belongs to the mesh once it is done
	Members []SealMember `json:"members"`
	// Whose daemon has not announced its keys yet
	LeftOut []SealMember `json:"left_out"`
	// Over all of it: what was shown is what is done
	Digest string `json:"digest"`
}

// SendResult is an answer of the daemon.
type SendResult struct {
	// The sender's own form of the id
	ClientMessageID string    `json:"client_message_id"`
	OutboxID        int64     `json:"outbox_id"`
	State           SendState `json:"state"`
	// The id was known, and stands for this same message
	Duplicate bool `json:"duplicate"`
	// Where the message is kept until the broker has it: `disk`; `process`: in memory alone, by an ephemeral daemon
	Durability      HealthDurability `json:"durability,omitempty"`
	BrokerMessageID string           `json:"broker_message_id,omitempty"`
	HistoryID       *int64           `json:"history_id,omitempty"`
}

// SenderPolicy is an answer of the daemon.
type SenderPolicy struct {
	Sender OfferFrom `json:"sender"`
	// null: every agent that has no line of its own for this sender
	Agent  *string     `json:"agent"`
	Policy OfferPolicy `json:"policy"`
	// Past it the settings hold again; null: for good
	Until *string `json:"until"`
	SetAt string  `json:"set_at"`
}

// SenderPolicies is an answer of the daemon.
type SenderPolicies struct {
	Items []SenderPolicy `json:"items"`
	// Where no line is, as the settings say
	Default OfferPolicy `json:"default"`
	// Of messages that nobody has signed; the stricter one of both holds
	Unverified OfferPolicy `json:"unverified"`
}

// TakenOffers is an answer of the daemon.
type TakenOffers struct {
	// Messages that this session has now, in order of arrival
	Offers []OfferedMessage `json:"offers"`
	// All of them, framed, ready to be put in; empty for none
	Text string `json:"text"`
	// Messages that wait still, up to 10,000
	More int64 `json:"more"`
}

// TokenRotated is an answer of the daemon.
type TokenRotated struct {
	RotatedAt string `json:"rotated_at"`
	// Until then the token before it is taken too; null: the daemon does not listen on TCP, where alone a token is asked for
	PreviousValidUntil *string `json:"previous_valid_until"`
}

// TopicKey is an answer of the daemon.
type TopicKey struct {
	// `#name` or `queue:name`
	Address string `json:"address"`
	// A hash over the key, which itself is in no answer
	EpochID string `json:"epoch_id"`
	// How many keys it follows
	Depth int64 `json:"depth"`
	// Whether who comes later gets the keys before it
	History   KeyHistory `json:"history"`
	CreatedAt string     `json:"created_at"`
}

// Topic is an answer of the daemon.
type Topic struct {
	Name        string `json:"name"`
	TopicID     string `json:"topic_id"`
	Subscribers int64  `json:"subscribers"`
	Subscribed  bool   `json:"subscribed"`
	// API keys may hand in messages that nobody has sealed or signed
	Unsealed bool `json:"unsealed"`
	// By which it is sealed; null: none is there, or this member is not told of it
	Key *TopicKey `json:"key"`
}

// TopicMember is an answer of the daemon.
type TopicMember struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	Role     Role   `json:"role"`
	Online   bool   `json:"online"`
	Self     bool   `json:"self"`
}

// Undecryptable is an answer of the daemon.
type Undecryptable struct {
	HistoryID int64 `json:"history_id"`
	Epoch     int64 `json:"epoch"`
	// As on the wire
	ClientMessageID string `json:"client_message_id"`
	// As the envelope says; with the code membership_unexplained nobody has proven it
	From Sender `json:"from"`
	To   string `json:"to"`
	// What it waits for, as an error code; undecryptable: no key that could still come opens it
	Code   string `json:"code"`
	Reason string `json:"reason"`
	// No key that could still come opens it
	Final      bool   `json:"final"`
	AcceptedAt string `json:"accepted_at"`
	// When it was received
	Since string `json:"since"`
}

// Version is an answer of the daemon.
type Version struct {
	Daemon        string   `json:"daemon"`
	IPCAPI        string   `json:"ipc_api"`
	IPCFeatures   []string `json:"ipc_features"`
	SchemaVersion int64    `json:"schema_version"`
	// What messages here outlive: `disk`: the process and the power; `process`: nothing but it, as of an ephemeral daemon
	Durability HealthDurability `json:"durability,omitempty"`
	// As negotiated with the broker: parameters by feature, with its version; null without a link
	BrokerFeatures map[string]any `json:"broker_features"`
	// Without these the daemon ends the link
	RequiredFeatures []string `json:"required_features,omitempty"`
	// What the broker answered invalidly and could be left out: an optional feature, or feature.parameter; null without a link
	IgnoredFeatures []string `json:"ignored_features"`
	// Least values that this daemon works with, by feature and parameter
	FeatureFloors map[string]map[string]int64 `json:"feature_floors,omitempty"`
	// Bytes of the largest file in this mesh; the default without a link
	FileBytes int64 `json:"file_bytes"`
	// Bytes of one message's body in this mesh; the default without a link
	InlineBytes int64 `json:"inline_bytes"`
}

// ReceiptEvent is an answer of the daemon.
type ReceiptEvent struct {
	// When it happened
	At string `json:"at"`
	// The sender's own form of the id
	ClientMessageID string `json:"client_message_id"`
	// Absent when this daemon has lost the row
	OutboxID *int64       `json:"outbox_id,omitempty"`
	Status   OutboxStatus `json:"status,omitempty"`
	// The newest one that is true; expired: the broker gave it up before everyone it was for had it, or had done with it
	Stage ReceiptEventStage `json:"stage,omitempty"`
	// Why it expired
	Reason string `json:"reason,omitempty"`
	// Topics: how many subscribers hold it
	DeliveredTo *DeliveredTo `json:"delivered_to,omitempty"`
	// The last refusal
	LastError *Refusal `json:"last_error,omitempty"`
}

// SendAttachment is what the daemon is told; what has its zero value is left out.
type SendAttachment struct {
	// As `/v1/files` answered it
	FileID string `json:"file_id"`
	// What the receivers see. Absent: as it was called when it was handed over last
	Name        string `json:"name,omitempty"`
	ContentType string `json:"content_type,omitempty"`
}

// SendRequest is what the daemon is told; what has its zero value is left out.
type SendRequest struct {
	// `@name`, `@name/agent`, `#topic`, `queue:name`, or `@` and a member_id
	To string `json:"to"`
	// Text; exactly one of `message` and `body`
	Message string `json:"message,omitempty"`
	// The bytes themselves: only their JSON is base64url
	Body        Bytes    `json:"body,omitempty"`
	ContentType string   `json:"content_type,omitempty"`
	Priority    Priority `json:"priority,omitempty"`
	// an object of at most 8192 bytes in canonical form, or null; the broker can read it
	Meta any `json:"meta,omitempty"`
	// Members, as `@name`
	Mentions []string `json:"mentions,omitempty"`
	// broker_message_id of a message
	ReplyTo string `json:"reply_to,omitempty"`
	// The same id again is the same message and never sent twice; absent: one is made
	ClientMessageID string `json:"client_message_id,omitempty"`
	// The agent of this member that sends it: receivers see `@member/agent`, and answers go there
	FromAgent string `json:"from_agent,omitempty"`
	// Of an answer that no person decides on: the `hops` of the message that it answers, and one
	Hops int64 `json:"hops,omitempty"`
	// Files that were handed over at `/v1/files`, in the order in which they are shown
	Attachments []SendAttachment `json:"attachments,omitempty"`
}

// OutboxPatch is what the daemon is told; what has its zero value is left out.
type OutboxPatch struct {
	// Text; exactly one of `message` and `body`
	Message string `json:"message,omitempty"`
	// The bytes themselves: only their JSON is base64url
	Body        Bytes    `json:"body,omitempty"`
	ContentType string   `json:"content_type,omitempty"`
	Priority    Priority `json:"priority,omitempty"`
	// an object of at most 8192 bytes in canonical form, or null; the broker can read it
	Meta any `json:"meta,omitempty"`
}

// OutboxRequeue is what the daemon is told; what has its zero value is left out.
type OutboxRequeue struct {
	// Absent: one is made
	NewID string `json:"new_id,omitempty"`
	// Replaces these fields of the message
	Patch *OutboxPatch `json:"patch,omitempty"`
}

// QueueClaim is what the daemon is told; what has its zero value is left out.
type QueueClaim struct {
	// Messages at most
	Limit int64 `json:"limit,omitempty"`
	// Seconds from now until the message is given to somebody else
	LeaseS int64 `json:"lease_s,omitempty"`
	// Seconds to wait for the first
	WaitS int64 `json:"wait_s,omitempty"`
}

// InviteRequest is what the daemon is told; what has its zero value is left out.
type InviteRequest struct {
	// Seconds; absent: seven days
	ExpiresInS int64 `json:"expires_in_s,omitempty"`
	// Members it may admit
	Uses int64 `json:"uses,omitempty"`
	// Not above the asker's own
	Role Role `json:"role,omitempty"`
	// One of the broker's addresses, `host:port`
	Address string `json:"address,omitempty"`
}

// Error codes of this version; docs/errors has a page for each.
const (
	ErrMalformedJSON                 ErrorCode = "malformed_json"
	ErrDuplicateKey                  ErrorCode = "duplicate_key"
	ErrNumberOutOfRange              ErrorCode = "number_out_of_range"
	ErrInvalidUTF8                   ErrorCode = "invalid_utf8"
	ErrLoneSurrogate                 ErrorCode = "lone_surrogate"
	ErrTooDeep                       ErrorCode = "too_deep"
	ErrMetaTooLarge                  ErrorCode = "meta_too_large"
	ErrUnknownField                  ErrorCode = "unknown_field"
	ErrMissingField                  ErrorCode = "missing_field"
	ErrInvalidField                  ErrorCode = "invalid_field"
	ErrInvalidID                     ErrorCode = "invalid_id"
	ErrIDConflictHeaderBody          ErrorCode = "id_conflict_header_body"
	ErrInvalidDestination            ErrorCode = "invalid_destination"
	ErrControlCharacter              ErrorCode = "control_character"
	ErrTokenInQuery                  ErrorCode = "token_in_query"
	ErrInvalidEnvelope               ErrorCode = "invalid_envelope"
	ErrFingerprintMismatch           ErrorCode = "fingerprint_mismatch"
	ErrFingerprintVersionRetired     ErrorCode = "fingerprint_version_retired"
	ErrUnsupportedAlgorithm          ErrorCode = "unsupported_algorithm"
	ErrUnsealedBody                  ErrorCode = "unsealed_body"
	ErrUnauthorized                  ErrorCode = "unauthorized"
	ErrHostForbidden                 ErrorCode = "host_forbidden"
	ErrOriginForbidden               ErrorCode = "origin_forbidden"
	ErrPreflightForbidden            ErrorCode = "preflight_forbidden"
	ErrNotAMember                    ErrorCode = "not_a_member"
	ErrNotSubscribed                 ErrorCode = "not_subscribed"
	ErrNotAllowed                    ErrorCode = "not_allowed"
	ErrCapabilityRefused             ErrorCode = "capability_refused"
	ErrHookRefused                   ErrorCode = "hook_refused"
	ErrNotFound                      ErrorCode = "not_found"
	ErrUnknownDestination            ErrorCode = "unknown_destination"
	ErrUnknownAgent                  ErrorCode = "unknown_agent"
	ErrMethodNotAllowed              ErrorCode = "method_not_allowed"
	ErrIdempotencyKeyReused          ErrorCode = "idempotency_key_reused"
	ErrRowNotRequeueable             ErrorCode = "row_not_requeueable"
	ErrAlreadyExists                 ErrorCode = "already_exists"
	ErrAgentNameTaken                ErrorCode = "agent_name_taken"
	ErrTooManyAgents                 ErrorCode = "too_many_agents"
	ErrOutcomePending                ErrorCode = "outcome_pending"
	ErrIDVoid                        ErrorCode = "id_void"
	ErrBodyTooLarge                  ErrorCode = "body_too_large"
	ErrUnsupportedMediaType          ErrorCode = "unsupported_media_type"
	ErrTooManyInvites                ErrorCode = "too_many_invites"
	ErrTooManyQueues                 ErrorCode = "too_many_queues"
	ErrQueueNotEmpty                 ErrorCode = "queue_not_empty"
	ErrLeaseLost                     ErrorCode = "lease_lost"
	ErrTooManyAPIKeys                ErrorCode = "too_many_api_keys"
	ErrBlobMismatch                  ErrorCode = "blob_mismatch"
	ErrFileGone                      ErrorCode = "file_gone"
	ErrFileDamaged                   ErrorCode = "file_damaged"
	ErrInviteMalformed               ErrorCode = "invite_malformed"
	ErrInviteTruncated               ErrorCode = "invite_truncated"
	ErrInviteAltered                 ErrorCode = "invite_altered"
	ErrInviteNewer                   ErrorCode = "invite_newer"
	ErrInviteUnknown                 ErrorCode = "invite_unknown"
	ErrInviteExpired                 ErrorCode = "invite_expired"
	ErrInviteUsed                    ErrorCode = "invite_used"
	ErrInviteRevoked                 ErrorCode = "invite_revoked"
	ErrCertificateMismatch           ErrorCode = "certificate_mismatch"
	ErrBrokerKeyMismatch             ErrorCode = "broker_key_mismatch"
	ErrMembershipInvalid             ErrorCode = "membership_invalid"
	ErrMembershipNewer               ErrorCode = "membership_newer"
	ErrMembershipMoved               ErrorCode = "membership_moved"
	ErrMembershipForked              ErrorCode = "membership_forked"
	ErrMembershipRolledBack          ErrorCode = "membership_rolled_back"
	ErrMeshUnsealed                  ErrorCode = "mesh_unsealed"
	ErrMeshSealed                    ErrorCode = "mesh_sealed"
	ErrLastOwner                     ErrorCode = "last_owner"
	ErrTooManyEpochs                 ErrorCode = "too_many_epochs"
	ErrDaemonBusy                    ErrorCode = "daemon_busy"
	ErrTooManyStreams                ErrorCode = "too_many_streams"
	ErrRateLimited                   ErrorCode = "rate_limited"
	ErrInternal                      ErrorCode = "internal"
	ErrOutcomeUnknown                ErrorCode = "outcome_unknown"
	ErrStoreUnavailable              ErrorCode = "store_unavailable"
	ErrBehind                        ErrorCode = "behind"
	ErrDirectoryUnavailable          ErrorCode = "directory_unavailable"
	ErrStopping                      ErrorCode = "stopping"
	ErrBrokerUnreachable             ErrorCode = "broker_unreachable"
	ErrOutboxFull                    ErrorCode = "outbox_full"
	ErrFilesFull                     ErrorCode = "files_full"
	ErrProtocolError                 ErrorCode = "protocol_error"
	ErrAuthFailed                    ErrorCode = "auth_failed"
	ErrFeatureUnavailable            ErrorCode = "feature_unavailable"
	ErrFeatureParamInvalid           ErrorCode = "feature_param_invalid"
	ErrFeatureParamBelowFloor        ErrorCode = "feature_param_below_floor"
	ErrOutboxMaxAgeAboveDedupeWindow ErrorCode = "outbox_max_age_above_dedupe_window"
	ErrAlreadyRunning                ErrorCode = "already_running"
	ErrMessagesUnsent                ErrorCode = "messages_unsent"
	ErrNotRunning                    ErrorCode = "not_running"
	ErrBackupUnreadable              ErrorCode = "backup_unreadable"
	ErrSchemaNewer                   ErrorCode = "schema_newer"
	ErrStoreCorrupt                  ErrorCode = "store_corrupt"
	ErrInvalidConfig                 ErrorCode = "invalid_config"
	ErrHostFingerprintMismatch       ErrorCode = "host_fingerprint_mismatch"
	ErrUsage                         ErrorCode = "usage"
	ErrTimedOut                      ErrorCode = "timed_out"
	ErrWaitsForKey                   ErrorCode = "waits_for_key"
	ErrWaitsForFiles                 ErrorCode = "waits_for_files"
	ErrUndecryptable                 ErrorCode = "undecryptable"
	ErrMembershipUnexplained         ErrorCode = "membership_unexplained"
	ErrExpired                       ErrorCode = "expired"
	ErrIDCommittedDifferently        ErrorCode = "id_committed_differently"
)

// codesTold is the HTTP status that each code travels as, and whether trying again can help.
var codesTold = [...]codeTold{
	{ErrMalformedJSON, 400, false},
	{ErrDuplicateKey, 400, false},
	{ErrNumberOutOfRange, 400, false},
	{ErrInvalidUTF8, 400, false},
	{ErrLoneSurrogate, 400, false},
	{ErrTooDeep, 400, false},
	{ErrMetaTooLarge, 400, false},
	{ErrUnknownField, 400, false},
	{ErrMissingField, 400, false},
	{ErrInvalidField, 400, false},
	{ErrInvalidID, 400, false},
	{ErrIDConflictHeaderBody, 400, false},
	{ErrInvalidDestination, 400, false},
	{ErrControlCharacter, 400, false},
	{ErrTokenInQuery, 400, false},
	{ErrInvalidEnvelope, 400, false},
	{ErrFingerprintMismatch, 400, false},
	{ErrFingerprintVersionRetired, 400, false},
	{ErrUnsupportedAlgorithm, 400, false},
	{ErrUnsealedBody, 400, false},
	{ErrUnauthorized, 401, false},
	{ErrHostForbidden, 403, false},
	{ErrOriginForbidden, 403, false},
	{ErrPreflightForbidden, 403, false},
	{ErrNotAMember, 403, false},
	{ErrNotSubscribed, 403, false},
	{ErrNotAllowed, 403, false},
	{ErrCapabilityRefused, 403, false},
	{ErrHookRefused, 403, false},
	{ErrNotFound, 404, false},
	{ErrUnknownDestination, 404, false},
	{ErrUnknownAgent, 404, false},
	{ErrMethodNotAllowed, 405, false},
	{ErrIdempotencyKeyReused, 409, false},
	{ErrRowNotRequeueable, 409, false},
	{ErrAlreadyExists, 409, false},
	{ErrAgentNameTaken, 409, false},
	{ErrTooManyAgents, 409, false},
	{ErrOutcomePending, 409, true},
	{ErrIDVoid, 410, false},
	{ErrBodyTooLarge, 413, false},
	{ErrUnsupportedMediaType, 415, false},
	{ErrTooManyInvites, 409, false},
	{ErrTooManyQueues, 409, false},
	{ErrQueueNotEmpty, 409, false},
	{ErrLeaseLost, 409, false},
	{ErrTooManyAPIKeys, 409, false},
	{ErrBlobMismatch, 400, false},
	{ErrFileGone, 410, false},
	{ErrFileDamaged, 502, false},
	{ErrInviteMalformed, 400, false},
	{ErrInviteTruncated, 400, false},
	{ErrInviteAltered, 400, false},
	{ErrInviteNewer, 400, false},
	{ErrInviteUnknown, 404, false},
	{ErrInviteExpired, 410, false},
	{ErrInviteUsed, 410, false},
	{ErrInviteRevoked, 410, false},
	{ErrCertificateMismatch, 502, false},
	{ErrBrokerKeyMismatch, 502, false},
	{ErrMembershipInvalid, 400, false},
	{ErrMembershipNewer, 400, false},
	{ErrMembershipMoved, 409, true},
	{ErrMembershipForked, 409, false},
	{ErrMembershipRolledBack, 409, true},
	{ErrMeshUnsealed, 409, false},
	{ErrMeshSealed, 409, false},
	{ErrLastOwner, 409, false},
	{ErrTooManyEpochs, 409, false},
	{ErrDaemonBusy, 429, true},
	{ErrTooManyStreams, 429, true},
	{ErrRateLimited, 429, true},
	{ErrInternal, 500, true},
	{ErrOutcomeUnknown, 500, true},
	{ErrStoreUnavailable, 503, true},
	{ErrBehind, 503, true},
	{ErrDirectoryUnavailable, 503, true},
	{ErrStopping, 503, true},
	{ErrBrokerUnreachable, 503, true},
	{ErrOutboxFull, 507, true},
	{ErrFilesFull, 507, true},
	{ErrProtocolError, 400, true},
	{ErrAuthFailed, 401, false},
	{ErrFeatureUnavailable, 400, false},
	{ErrFeatureParamInvalid, 400, false},
	{ErrFeatureParamBelowFloor, 400, false},
	{ErrOutboxMaxAgeAboveDedupeWindow, 400, false},
	{ErrAlreadyRunning, 409, false},
	{ErrMessagesUnsent, 503, false},
	{ErrNotRunning, 503, false},
	{ErrBackupUnreadable, 400, false},
	{ErrSchemaNewer, 500, false},
	{ErrStoreCorrupt, 500, false},
	{ErrInvalidConfig, 400, false},
	{ErrHostFingerprintMismatch, 409, false},
	{ErrUsage, 400, false},
	{ErrTimedOut, 504, true},
	{ErrWaitsForKey, 503, true},
	{ErrWaitsForFiles, 503, true},
	{ErrUndecryptable, 422, false},
	{ErrMembershipUnexplained, 409, true},
	{ErrExpired, 410, false},
	{ErrIDCommittedDifferently, 409, false},
}

const (
	metaBytesMax            = 8192
	metaDepthMax            = 16
	clientMessageIDCharsMax = 96
	pageItemsMax            = 1000
)
