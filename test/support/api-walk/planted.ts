import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import type { Api } from "../../../src/http/api.ts";
import { httpCall } from "../../../src/http/http-call.fixture.ts";
import { createHttpServer, createLoad } from "../../../src/http/http-server.ts";
import { closer } from "../../../src/http/listen-tcp.ts";
import { listenUnix } from "../../../src/http/listen-unix.ts";
import type { Route } from "../../../src/http/route.ts";
import { createRouter } from "../../../src/http/router.ts";
import { onEnd } from "../on-end.ts";
import { tempFolder } from "../temp-folder.ts";
import { expectedAs, type Ground } from "./forms.ts";
import type { Walk } from "./walk.ts";

/**
 * `internal` is what nobody foresaw, so that no running process can be brought to it on every route: many have nothing
 * below them that could fail. Here the same table is served over a real socket with handlers that throw.
 */
export async function walkUnforeseen(
  t: TestContext,
  walk: Walk,
  ground: Ground,
  served: { readonly api: Api; readonly routes: readonly Route[] },
): Promise<void> {
  const planted = (): never => {
    throw new Error("planted: a secret of the inside");
  };
  const routes = served.routes.map((route) =>
    "open" in route
      ? { ...route, open: planted }
      : { ...route, handle: planted, ...(route.admit === undefined ? {} : { admit: planted }) },
  );
  const server = createHttpServer(
    {
      api: served.api,
      router: createRouter(routes, served.api.pathsHint),
      clock: systemClock,
      log: silentLog,
      bodyBytesMax: ground.bodyBytesMax,
      inFlightMax: 1,
      streamsMax: 1,
      load: createLoad(),
      observe: () => {},
    },
    {
      transport: "unix",
      gate: null,
      requireJsonType: false,
      connectionsMax: 64,
      timeouts: { headersMs: 15_000, requestMs: 15_000, keepAliveMs: 5_000 },
    },
  );
  onEnd(t, closer(server));
  const socketPath = join(tempFolder(t), "sock");
  await listenUnix(server, socketPath);
  for (const { id, method, body } of walk.api.operations.values()) {
    const expected = expectedAs(walk, id, "internal", 500);
    if (expected === null) continue;
    const sample = ground.samples[id] ?? {};
    const { path } = walk.line(id, sample);
    const answer = await httpCall({ socketPath }, method, path, body === null ? {} : { body: sample.body ?? {} });
    walk.saw(id, expected, answer);
    if (answer.text.includes("planted")) throw new Error(`${id} tells of the inside: ${answer.text}`);
  }
}
