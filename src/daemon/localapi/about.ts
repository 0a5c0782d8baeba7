import { operation, type Route } from "../../http/route.ts";
import type { Durability, HealthView } from "../../protocol/local-api.ts";
import type { CompatView, VersionView } from "../../protocol/version-api.ts";
import { fingerprintVersions } from "../../protocol/fingerprint.ts";
import { dedupeDaysFloor } from "../../protocol/judge-features.ts";
import type { Inbox, Link, Membership, Outbox } from "../parts.ts";
import type { Self } from "../resolve-address.ts";
import * as answers from "./answers/about.schema.ts";

/** What a client may rely on in this API; it checks the ones it needs. */
export const ipcFeatures = [
  "send",
  "messages",
  "outbox",
  "outbox_requeue",
  "inbox",
  "inbox_item",
  "inbox_search",
  "events",
  "events_resume",
  "mentions",
  "topics",
  "topic_members",
  "members",
  "membership",
  "safety_number",
  "keypair",
  "invites",
  "history",
  "health",
  "metrics",
  "compat",
  "openapi",
  "hooks",
  "shutdown",
  "reload",
  "token_rotate",
] as const;

export interface AboutParts {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly link: Link;
  readonly membership: Pick<Membership, "state" | "trouble">;
  readonly self: Self;
  readonly meshSlug: string;
  readonly programVersion: string;
  readonly schemaVersion: number;
  readonly sqliteVersion: string;
  readonly startedAt: string;
  /** Text in the Prometheus format, and its content type. */
  readonly metrics: () => Promise<{ text: string; contentType: string }>;
  /** What a send that was answered outlives. */
  readonly durability: Durability;
  /** When this daemon ends by itself; null: it does not. */
  readonly endsAt: string | null;
  /** Begins the stop once the answer is out. */
  readonly requestStop: () => void;
}

/** What the daemon says of itself. All of it is measured when asked, and none of it needs the link. */
export function aboutRoutes(parts: AboutParts): readonly Route[] {
  return [
    operation({
      name: "health",
      method: "GET",
      path: "/v1/health",
      summary: "Whether the daemon reaches its broker, and what waits",
      answers: [{ status: 200, description: "What it measures now", body: answers.health }],
      public: true,
      handle: () => ({ status: 200, body: health(parts) }),
    }),
    operation({
      name: "version",
      method: "GET",
      path: "/v1/version",
      summary: "Version, API features, and what was negotiated with the broker",
      answers: [{ status: 200, description: "Versions and features", body: answers.version }],
      public: true,
      handle: () => ({ status: 200, body: version(parts) }),
    }),
    operation({
      name: "compat",
      method: "GET",
      path: "/v1/compat",
      summary: "The ranges that this daemon supports",
      answers: [{ status: 200, description: "The ranges", body: answers.compat }],
      handle: () => ({ status: 200, body: compat(parts) }),
    }),
    operation({
      name: "metrics",
      method: "GET",
      path: "/v1/metrics",
      summary: "Metrics in the Prometheus text format",
      answers: [{ status: 200, description: "Every metric of the daemon", contentType: "text/plain" }],
      public: true,
      handle: async () => ({ status: 200, ...(await parts.metrics()) }),
    }),
    operation({
      name: "shutdown",
      method: "POST",
      path: "/v1/shutdown",
      summary: "Stop the daemon in good order",
      body: {},
      bodyOptional: true,
      answers: [{ status: 202, description: "The stop has begun", body: answers.stopping }],
      handle() {
        // After this turn the answer is written; stop() lets requests in flight finish in any case.
        setImmediate(parts.requestStop);
        return { status: 202, body: { state: "stopping" } };
      },
    }),
  ];
}

function health(parts: AboutParts): HealthView {
  const link = parts.link.state();
  const trouble = parts.membership.trouble();
  return {
    status: link.state === "connected" && trouble === null ? "ok" : "degraded",
    mesh: parts.meshSlug,
    member: { member_id: parts.self.memberId, name: parts.self.name, address: `@${parts.self.name}` },
    link,
    outbox: parts.outbox.counts(),
    membership: { entries: (parts.membership.state()?.n ?? -1) + 1, trouble },
    pid: process.pid,
    started_at: parts.startedAt,
    durability: parts.durability,
    ends_at: parts.endsAt,
  };
}

const featureFloors = { client_message_id_dedupe: { dedupe_retention_days: dedupeDaysFloor } };

function version(parts: AboutParts): VersionView {
  return {
    daemon: parts.programVersion,
    ipc_api: "v1",
    ipc_features: ipcFeatures,
    schema_version: parts.schemaVersion,
    durability: parts.durability,
    broker_features: parts.link.negotiated(),
    required_features: Object.keys(parts.link.offered().require),
    ignored_features: parts.link.ignored(),
    feature_floors: featureFloors,
    file_bytes: parts.link.fileBytes(),
    inline_bytes: parts.link.inlineBytes(),
  };
}

function compat(parts: AboutParts): CompatView {
  return {
    ipc_api: ["v1"],
    ipc_features: ipcFeatures,
    link: ["claudemesh.v1"],
    envelope_versions: [...fingerprintVersions.keys()],
    fingerprint_versions: [...fingerprintVersions.values()],
    features: parts.link.offered(),
    feature_floors: featureFloors,
    schema_version: { min: 1, max: parts.schemaVersion },
    sqlite: parts.sqliteVersion,
    daemon: parts.programVersion,
  };
}
