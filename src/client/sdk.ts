/** What programs import as `@claudemesh/sdk`: all of it, and nothing that is not meant to be used. */
export type { AttachmentView, FileView, SendAttachment } from "../protocol/attachment.ts";
export type { HookOutcome, HookRunView, HooksView, HookTestView, HookView } from "../protocol/hooks-api.ts";
export type { HookSettings } from "../protocol/hook-settings.ts";
export type {
  AgentForgotten,
  AgentList,
  AgentSessionLease,
  AgentSessionNamed,
  AgentSessionView,
  AgentView,
  UnclaimedMail,
} from "../protocol/agents-api.ts";
export { ClaudemeshError } from "../protocol/error.ts";
export { type ErrorCode, errorCodes } from "../protocol/error-codes.ts";
export { newUuidV7 } from "../protocol/ids.ts";
export type {
  ClaimedMessage,
  DeadLetter,
  HealthView,
  HistoryItem,
  InboxItem,
  InviteMade,
  InviteView,
  LeaseEnded,
  LeaseExtended,
  LocalEvent,
  MessageView,
  OutboxRowView,
  OutboxStatus,
  Page,
  QueueDeleted,
  QueueView,
  ReceiptStage,
  SenderView,
  SendResult,
  TopicKeyView,
  TopicMemberView,
  TopicView,
  UndecryptableView,
} from "../protocol/local-api.ts";
export type { VersionView } from "../protocol/version-api.ts";
export { eventNames, outboxStatuses, receiptStages } from "../protocol/local-api.ts";
export type {
  DmPolicyView,
  MemberList,
  MembershipView,
  MemberView,
  SafetyNumberView,
  SealDone,
  SealPlan,
} from "../protocol/membership-api.ts";
export type { AgentBinding, AgentsClient, SessionRequest } from "./agents.ts";
export type {
  ClaimChoice,
  Client,
  InboxFilter,
  InviteRequest,
  OutboxChange,
  OutboxFilter,
  PageChoice,
  SendOptions,
  SentMessage,
} from "./client.ts";
export { connect, type Target } from "./connect.ts";
export type { CallOptions } from "./deadline.ts";
export type { EventsOptions } from "./events.ts";
export type { BringingMessage, FileCalls, FileOptions, FileToSend, TakenFile } from "./files.ts";
export type { HookRunsFilter, HooksClient } from "./hooks.ts";
export { type FingerprintedEnvelope, localFingerprint, wireFingerprint } from "./fingerprints.ts";
export { canonicalJson, canonicalMeta, type Meta, metaFromText } from "./json-profile.ts";
export type { MembershipClient } from "./membership.ts";
export { bodyBytes, type OutgoingMessage } from "./outgoing.ts";
export type { Paged } from "./paged.ts";
export type { WorkHandler, WorkMessage, WorkOptions } from "./queue-work.ts";
export type { ReplyMessage } from "./reply.ts";
export type { WaitOptions } from "./wait-for.ts";
