import { describe, it, test } from "node:test";
import { apiRoutes } from "../../src/daemon/localapi/routes.ts";
import { localApi } from "../../src/daemon/localapi/server.ts";
import { limits } from "../../src/protocol/limits.ts";
import { type Ground, walkForms } from "../support/api-walk/forms.ts";
import { walkFailingDisk, walkLocked, walkLonely, walkSpoilt } from "../support/api-walk/local-disk.ts";
import { walkFiles } from "../support/api-walk/local-files.ts";
import { walkPreSend } from "../support/api-walk/local-hooks.ts";
import { walkLoad, walkStopping } from "../support/api-walk/local-load.ts";
import { type Reached, samples, walkPair } from "../support/api-walk/local-pair.ts";
import { walkBadBroker, walkPendingOutcome } from "../support/api-walk/local-scripted.ts";
import { walkSeal } from "../support/api-walk/local-seal.ts";
import { walkMembership } from "../support/api-walk/local-membership.ts";
import { walkUnforeseen } from "../support/api-walk/planted.ts";
import { openWalk } from "../support/api-walk/walk.ts";

/**
 * Every answer and every refusal that the local API's description lists, got from running daemons. What no running one
 * can be brought to is got from the same table in this process, and says so where it is done.
 */
const walk = openWalk("local-api");

function groundOf({ unix, tcp }: Pick<Reached, "unix" | "tcp">): Ground {
  return { plain: unix, tcp, samples, bodyBytesMax: limits.localBodyBytesMax };
}

// Two at a time, and first the one that mostly waits for requests to be given up.
describe("the local API answers and refuses as its description says, every code of every route", {
  concurrency: 2,
}, () => {
  it("with a broker that is older, broken, without its store, or silent", (t) => walkBadBroker(t, walk));

  it("with two members of one broker: answers, what is wrong as written, load, locks, the stop", async (t) => {
    const { alice, bob } = await walkPair(t, walk);
    await walkForms(walk, groundOf(alice));
    await walkLocked(walk, bob, "1");
    await walkLoad(t, walk, groundOf(bob), bob);
    await walkStopping(walk, groundOf(alice), alice);
  });

  it("of a mesh from before encryption", (t) => walkSeal(t, walk));
  it("where members come, change and go, and the broker tells the truth of it or not", (t) => walkMembership(t, walk));

  it("where the broker was never reached, and the disk is small", (t) => walkLonely(t, walk));

  it("where a hook decides what is sent", (t) => walkPreSend(t, walk));

  it("where databases were spoilt", (t) => walkSpoilt(t, walk));

  it("where the disk fails in the middle of a commit", (t) => walkFailingDisk(t, walk));

  it("with files, and brokers of every kind behind them", (t) => walkFiles(t, walk));

  it("where the broker went away with a message", (t) => walkPendingOutcome(t, walk));

  it("where something happens that nobody foresaw", async (t) => {
    const nowhere = { unix: { socketPath: "" }, tcp: { port: 0, token: "" } };
    const { routes } = apiRoutes({} as Parameters<typeof apiRoutes>[0]);
    await walkUnforeseen(t, walk, groundOf(nowhere), { api: localApi, routes });
  });
});

test("nothing is described that was not seen", () => walk.finish());
