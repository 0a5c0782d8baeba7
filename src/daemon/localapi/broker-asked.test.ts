import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import { checkedRoutes } from "../../http/checked-routes.fixture.ts";
import { httpCall } from "../../http/http-call.fixture.ts";
import { checkedPush } from "../inbox/push.fixture.ts";
import { historyRoutes } from "./history.ts";
import { plainMesh, unsealedMesh } from "../link/unsealed-mesh.fixture.ts";
import { chainBroker, chainPerson, foundChain, membershipOf } from "../membership/chain.fixture.ts";
import { createTestLink } from "./link.fixture.ts";
import { createLocalApi, localApi } from "./server.ts";
import { topicRoutes } from "./topics.ts";

const bob = "b".repeat(64);
const ada = chainPerson("ada");
const self = { memberId: ada.memberId, name: "ada" };

/** Routes that ask the broker while the caller waits, over a socket of their own. */
async function api(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "cm-asked-"));
  const topics = [{ topic_id: "t", name: "ops", subscribers: 2, subscribed: true }];
  const link = createTestLink({ members: [], topics });
  const chain = chainBroker([foundChain(ada)]);
  const { routes, problems } = checkedRoutes(
    [
      ...topicRoutes({ link, membership: membershipOf(chain, ada), keyring: unsealedMesh({}).keyring, self }),
      ...historyRoutes({
        link,
        self,
        mesh: plainMesh,
        log: silentLog,
        outbox: { sentContent: () => null },
        ...unsealedMesh({ [bob]: "bob" }),
      }),
    ],
    localApi,
  );
  const socketPath = join(dir, "sock");
  const served = createLocalApi({
    routes,
    socketPath,
    token: null,
    allowedOrigins: [],
    publicHealthCheck: false,
    clock: createManualClock(),
    log: silentLog,
    observe: () => {},
    announce: () => {},
    endStreams: () => {},
  });
  await served.start();
  t.after(async () => {
    await served.stop();
    rmSync(dir, { recursive: true });
  });
  return {
    link,
    chain,
    problems,
    get: (path: string) => httpCall({ socketPath }, "GET", path),
    post: (path: string, body: unknown) => httpCall({ socketPath }, "POST", path, { body }),
  };
}

test("has a topic opened or closed for unsealed messages by an entry of the chain, and asks the broker who mentions this member", async (t) => {
  const { link, chain, get, post, problems } = await api(t);
  assert.equal((await get("/v1/history/mentions")).json["code"], "broker_unreachable");
  link.connected = true;
  const opened = await post("/v1/topics/%23ops/policy", { unsealed: true });
  assert.deepEqual([opened.status, opened.json["unsealed"]], [200, true]);
  const { kind, destination, unsealed } = chain.entries.at(-1) as {
    kind: string;
    destination?: string;
    unsealed?: boolean;
  };
  assert.deepEqual([kind, destination, unsealed], ["policy", "#ops", true], "it is the chain that opens it");
  await post("/v1/topics/ops/policy", { unsealed: true });
  assert.equal(chain.entries.length, 2, "said twice, it is one change");
  assert.equal((await post("/v1/topics/ops/policy", {})).json["code"], "missing_field");
  assert.equal((await post("/v1/topics/opps/policy", { unsealed: true })).json["hint"], "did you mean #ops?");
  link.answers.set("mentions", { items: [checkedPush(9, bob, "ops", "forged").item], next_before_seq: null });
  const found = await get("/v1/history/mentions?limit=5&cursor=12");
  assert.deepEqual(link.asked.at(-1), { type: "mentions", before_seq: 12, limit: 5 });
  const [item] = found.json["items"] as Record<string, unknown>[];
  assert.deepEqual([item?.["verified"], item?.["message"], found.json["next_cursor"]], [false, undefined, null]);
  assert.equal((await get("/v1/history/mentions?cursor=x")).json["code"], "invalid_field");
  link.answers.set("mentions", "nonsense");
  assert.equal((await get("/v1/history/mentions")).json["code"], "protocol_error");
  assert.deepEqual(problems, []);
});
