import { rmSync } from "node:fs";
import type { Clock } from "../../../base/clock.ts";
import type { Log } from "../../../base/log.ts";
import type { Api } from "../../../http/api.ts";
import type { Gate } from "../../../http/gate.ts";
import { createHttpServer, createLoad } from "../../../http/http-server.ts";
import { listenUnix } from "../../../http/listen-unix.ts";
import { createRouter } from "../../../http/router.ts";
import { ClaudemeshError } from "../../../protocol/error.ts";
import { limits } from "../../../protocol/limits.ts";
import { bearerOf } from "../../localapi/gate.ts";
import type { CapabilityCall, HookSpec } from "../containment.ts";
import { type Done, hookRoutes } from "./hook-routes.ts";
import { createHookToken, type HookToken } from "./hook-token.ts";
import { grantedScopes } from "./scope.ts";

/** Of one run: its requests, and one that is refused beside them. */
const connectionsMax = limits.hookCallsInFlightMax + 1;
const timeouts = { headersMs: 5_000, requestMs: 15_000, keepAliveMs: 5_000 };

const hookApi: Api = {
  title: "claudemesh daemon: API of a hook",
  description: "What one run of a hook may ask for, with its own token.",
  servers: [],
  token: null,
  program: "daemon",
  pathsHint: "a hook's token sends what its scopes name: POST /v1/reply, POST /v1/send",
  busyCode: "daemon_busy",
  errors: [],
  strayErrors: [],
};

/** The socket of one run of a hook. It knows the routes of that run's scopes and nothing else, whoever asks. */
export interface HookSocket {
  /** null: no scope is there for this event. The socket is, and refuses all. */
  readonly token: string | null;
  calls(): readonly CapabilityCall[];
  /** The token is dead before anything else happens; requests under way are cut off, though what they have stored is sent. */
  stop(): Promise<void>;
}

export async function openHookSocket(
  spec: Pick<HookSpec, "hook" | "event" | "scopes" | "actions">,
  host: {
    readonly path: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly count: (call: CapabilityCall) => void;
  },
): Promise<HookSocket> {
  const { clock, log, path } = host;
  const { actions = null } = spec;
  const granted = actions === null ? [] : grantedScopes(spec.scopes, spec.event);
  const token = granted.length === 0 ? null : createHookToken(clock.now());
  const calls: CapabilityCall[] = [];
  const note = (call: CapabilityCall): void => {
    // The gate lets no more through; what it refuses beyond them is counted, and kept no more.
    if (calls.length < limits.hookCallsMax) calls.push(call);
    host.count(call);
  };
  /** What the refused requests were for, as far as that was known. */
  const wanted = new WeakMap<ClaudemeshError, Pick<CapabilityCall, "scope" | "to">>();
  const done: Done = async (scope, to, doing) => {
    try {
      // The hook may have ended while its request was read.
      if (token === null || !token.isAlive(clock.now())) throw deadToken();
      const result = await doing();
      note({ scope, outcome: "sent", to });
      return { status: result.state === "done" ? 200 : 202, body: result };
    } catch (thrown) {
      const error = ClaudemeshError.from(thrown);
      wanted.set(error, { scope, to });
      throw error;
    }
  };
  const tell = (error: ClaudemeshError): ClaudemeshError => {
    const { scope, to } = wanted.get(error) ?? { scope: "none", to: null };
    note({ scope, outcome: error.status >= 500 ? "failed" : "refused", to });
    log.warn(
      { security_event: "hook_call_refused", hook: spec.hook, event_id: spec.event.id, scope, to, code: error.code },
      "what a hook asked for with its token was refused",
    );
    return error;
  };
  const load = createLoad();
  const server = createHttpServer(
    {
      api: hookApi,
      router: createRouter(actions === null ? [] : hookRoutes(granted, actions, done), hookApi.pathsHint),
      clock,
      log,
      bodyBytesMax: limits.hookCallBytesMax,
      inFlightMax: limits.hookCallsInFlightMax,
      streamsMax: 0,
      load,
      tell,
      observe() {},
    },
    {
      transport: "unix",
      gate: createHookGate(token),
      requireJsonType: false,
      connectionsMax,
      timeouts,
    },
  );
  await listenUnix(server, path);
  return {
    token: token?.text ?? null,
    calls: () => calls,
    async stop() {
      token?.end();
      load.stopping = true;
      const closed = new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
      server.closeAllConnections();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

/** Asked before anything of a request is read. */
function createHookGate(token: HookToken | null): Gate {
  let asked = 0;
  return {
    check(request, query, route, now) {
      if (++asked > limits.hookCallsMax) {
        throw new ClaudemeshError("rate_limited", `a run of a hook asks at most ${limits.hookCallsMax} times`, {
          hint: "say what there is to say in fewer messages",
        });
      }
      const given = bearerOf(request.headers.authorization);
      if (given === null) {
        throw new ClaudemeshError("unauthorized", "this socket needs the token of the hook's run", {
          hint: "send `Authorization: Bearer $CLAUDEMESH_CAPABILITY_TOKEN`; there is one if capability_token_scope in hooks.toml names what the event has",
        });
      }
      if (token === null || !token.holds(given, now)) throw deadToken();
      if (route === null || query.size > 0) {
        throw new ClaudemeshError("capability_refused", "this is nothing that a hook's token is for", {
          hint: hookApi.pathsHint,
        });
      }
    },
  };
}

function deadToken(): ClaudemeshError {
  return new ClaudemeshError("unauthorized", "this token is not that of the hook that runs now", {
    hint: "a token is for one run, for five minutes at most, and ends with it: read CLAUDEMESH_CAPABILITY_TOKEN in each run",
  });
}
