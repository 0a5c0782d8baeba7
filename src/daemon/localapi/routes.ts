import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Hooks } from "../hooks/hooks.ts";
import type { MeshFile } from "../identity/mesh-file.ts";
import type { MeshSeal } from "../membership/seal-mesh.ts";
import type { Membership } from "../parts.ts";
import type { Agents } from "../agents/agents.ts";
import { type AboutParts, aboutRoutes } from "./about.ts";
import { agentRoutes } from "./agents.ts";
import { createLeasedFiles } from "../files/leased-files.ts";
import { concurrencyRoutes } from "./concurrency.ts";
import { eventRoutes } from "./events.ts";
import { type FileParts, fileRoutes } from "./files.ts";
import { hookRoutes } from "./hooks.ts";
import { historyRoutes } from "./history.ts";
import { inboxRoutes } from "./inbox.ts";
import { inviteRoutes } from "./invites.ts";
import { type KeypairParts, keypairRoutes } from "./keypair.ts";
import type { Keyring } from "../parts.ts";
import { memberRoutes } from "./members.ts";
import { createMessageFiles } from "./message-files.ts";
import { membershipRoutes } from "./membership.ts";
import { type MessageParts, messageRoutes } from "./messages.ts";
import { type OfferParts, offerRoutes } from "./offers.ts";
import { outboxRoutes } from "./outbox.ts";
import { queueRoutes } from "./queues.ts";
import { openApiRoute } from "../../http/open-api-route.ts";
import { type Route, tagged } from "../../http/route.ts";
import { sealRoutes } from "./seal.ts";
import { rotationRoutes } from "./rotate-keys.ts";
import { type SendRouteParts, sendRoutes } from "./send.ts";
import { localApi } from "./server.ts";
import { type SettingsParts, settingsRoutes } from "./settings.ts";
import { topicRoutes } from "./topics.ts";

export type ApiParts = AboutParts &
  SettingsParts &
  SendRouteParts &
  Omit<FileParts, "messageFiles"> &
  MessageParts &
  OfferParts &
  KeypairParts & {
    readonly clock: Clock;
    readonly log: Log;
    readonly mesh: MeshFile;
    readonly meshSeal: MeshSeal;
    readonly membership: Membership;
    readonly keyring: Keyring;
    readonly hooks: Hooks;
    readonly agents: Agents;
  };

/** The route table: every path, shape and refusal of the local API, in one list. `endStreams` closes the open streams. */
export function apiRoutes(parts: ApiParts): { readonly routes: readonly Route[]; readonly endStreams: () => void } {
  const events = eventRoutes(parts);
  const leasedFiles = createLeasedFiles(parts.clock);
  const messageFiles = createMessageFiles({ ...parts, leasedFiles });
  const routes: readonly Route[] = [
    ...tagged("messages", [...sendRoutes(parts), ...messageRoutes(parts)]),
    ...tagged("outbox", outboxRoutes({ ...parts, inlineBytes: () => parts.link.inlineBytes() })),
    ...tagged("inbox", inboxRoutes(parts)),
    ...tagged("files", fileRoutes({ ...parts, messageFiles })),
    ...tagged("events", events.routes),
    ...tagged("topics", topicRoutes(parts)),
    ...tagged("keys", [...rotationRoutes(parts), ...keypairRoutes(parts)]),
    ...tagged("queues", queueRoutes({ ...parts, leasedFiles })),
    ...tagged("agents", [...agentRoutes(parts), ...offerRoutes(parts)]),
    ...tagged("members", memberRoutes(parts)),
    ...tagged("membership", [...membershipRoutes(parts), ...concurrencyRoutes(parts), ...sealRoutes(parts)]),
    ...tagged("invites", inviteRoutes(parts)),
    ...tagged("history", historyRoutes(parts)),
    ...tagged("hooks", hookRoutes(parts)),
    ...tagged("daemon", [
      ...aboutRoutes(parts),
      ...settingsRoutes(parts),
      openApiRoute(localApi, () => routes, parts.programVersion),
    ]),
  ];
  return { routes, endStreams: () => events.stop() };
}
