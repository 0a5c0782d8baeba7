import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { checkedRoutes } from "../../http/checked-routes.fixture.ts";
import type { Target } from "../../http/http-call.fixture.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { PreSend } from "../hooks/pre-send/pre-send.ts";
import { createOutbox } from "../outbox/outbox.ts";
import { testSealer } from "../outbox/sealer.fixture.ts";
import type { Directory, Outbox } from "../parts.ts";
import { createTestLink, type TestLink } from "./link.fixture.ts";
import { messageRoutes } from "./messages.ts";
import { outboxRoutes } from "./outbox.ts";
import { sendRoutes } from "./send.ts";
import { createLocalApi, type LocalApi, localApi } from "./server.ts";
import { openLocalToken } from "./token.ts";

export const meshId = "0198f0a0-0000-7000-8000-000000000001";
const me = "a".repeat(64);
const bob = "b".repeat(64);
export const directory: Directory = {
  members: [
    { member_id: me, name: "ada", role: "owner", online: true, agents: [], last_seen_at: null },
    { member_id: bob, name: "bob", role: "member", online: true, agents: [], last_seen_at: null },
  ],
  topics: [{ topic_id: "t", name: "ops", subscribers: 2, subscribed: true }],
};

/** Nothing was handed over. */
const noFiles = {
  attachment(): never {
    throw new ClaudemeshError("file_gone", "no such file was handed over here");
  },
};

/** A daemon without a broker: outbox, local API over socket and port, and a link that a test scripts. */
export interface SendHost {
  readonly outbox: Outbox;
  readonly link: TestLink;
  readonly api: LocalApi;
  readonly targets: readonly Target[];
  stop(): Promise<void>;
}

export async function startSendHost(
  dir: string,
  options: {
    diskBytesMax?: number;
    directory?: Directory | null;
    agents?: readonly string[];
    preSend?: PreSend;
  } = {},
): Promise<SendHost> {
  const { agents = ["frontend", "backend"] } = options;
  const link = createTestLink(options.directory === undefined ? directory : options.directory);
  const outbox = createOutbox({
    path: join(dir, "outbox.db"),
    meshId,
    memberId: me,
    clock: systemClock,
    log: silentLog,
    ...testSealer({ meshId, memberId: me }),
    voidIds: (ids) => link.voidIds(ids),
    onStages: async () => {},
    onPressure: () => {},
    fatal: (error) => assert.fail(String(error)),
    ...(options.diskBytesMax === undefined ? {} : { diskBytesMax: options.diskBytesMax }),
  });
  await outbox.start();
  const self = { memberId: me, name: "ada" };
  const judging = options.preSend === undefined ? {} : { preSend: options.preSend };
  const { routes, problems } = checkedRoutes(
    [
      ...sendRoutes({
        isReadOnly: () => false,
        durability: "disk",
        files: noFiles,
        agents: { nameOf: (written) => (agents.includes(written) ? written : null), names: () => agents },
        outbox,
        link,
        membership: { state: () => null },
        self,
        meshId,
        clock: systemClock,
        answered: () => {},
        observe: () => {},
        ...judging,
      }),
      ...messageRoutes({ outbox, files: { sent: () => 0 } }),
      ...outboxRoutes({ outbox, inlineBytes: () => link.inlineBytes(), clock: systemClock, ...judging }),
    ],
    localApi,
  );
  const api = createLocalApi({
    routes,
    socketPath: join(dir, "sock"),
    token: openLocalToken(dir),
    allowedOrigins: [],
    publicHealthCheck: false,
    clock: systemClock,
    log: silentLog,
    observe: () => {},
    announce: () => {},
    endStreams: () => {},
  });
  await api.start();
  const token = readFileSync(join(dir, "local_token"), "utf8").trim();
  return {
    outbox,
    link,
    api,
    targets: [{ socketPath: api.socketPath }, { port: api.httpPort ?? 0, token }],
    async stop() {
      await api.stop();
      await outbox.stop();
      assert.deepEqual(problems, [], "what is answered is described");
    },
  };
}
