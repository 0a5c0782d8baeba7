import { join } from "node:path";
import { withSenderNote } from "../../protocol/sender-agent.ts";
import type { DaemonOptions } from "../daemon.ts";
import type { LiveConfig } from "../live-config.ts";
import { readAttached } from "../localapi/attached.ts";
import { sendMessage, type SendParts } from "../localapi/send.ts";
import type { DaemonMetrics } from "../metrics.ts";
import type { Inbox } from "../parts.ts";
import { createContainment } from "./create-containment.ts";
import { createHooks, type Hooks } from "./hooks.ts";
import { openLiveHooks } from "./live-hooks.ts";

/** The hooks of a daemon's folder. Throws invalid_config for a hooks.toml that cannot be read as it is meant. */
export function composeHooks(
  { dir, clock, log, hooksOff = null }: DaemonOptions,
  settings: LiveConfig,
  sending: SendParts,
  { inbox, metrics, mesh }: { readonly inbox: Inbox; readonly metrics: DaemonMetrics; readonly mesh: string },
): Hooks {
  const folder = join(dir, "hooks");
  const { config } = settings;
  const off = (): string | null => {
    if (config.hooks.run === "no") return "hooks.run is `no`";
    return config.hooks.run === "auto" ? hooksOff : null;
  };
  const hooks = createHooks({
    folder,
    live: openLiveHooks(join(dir, "hooks.toml")),
    off,
    mesh,
    inbox,
    containment: createContainment({
      dir,
      env: process.env,
      clock,
      log,
      count: {
        call: ({ scope, outcome }) => metrics.hookCapabilityCalls.inc({ scope, outcome }),
        unenforceable: () => metrics.hookUnenforceable.inc(),
      },
    }),
    async send(message, note) {
      const agent = note.agent === null ? null : sending.agents.nameOf(note.agent);
      const meta = withSenderNote(message.meta, { ...note, agent });
      const sent = await sendMessage(sending, { ...message, meta, fromAgent: agent }, readAttached(sending.files, []));
      return sent.body;
    },
    observe({ hook, exit, seconds, runs }) {
      metrics.hookInvocations.inc({ hook, exit }, runs);
      if (seconds !== null) metrics.hookSeconds.observe({ hook }, seconds);
    },
    clock,
    log,
  });
  settings.onChange(() => hooks.wake());
  return hooks;
}

/** One reload for both files: when either is wrong, both stay as they were. */
export function reloadingHooks(settings: LiveConfig, hooks: Pick<Hooks, "prepareReload">): LiveConfig {
  return {
    config: settings.config,
    onChange: (listener) => settings.onChange(listener),
    reload() {
      const putInForce = hooks.prepareReload();
      const reloaded = settings.reload();
      return { ...reloaded, applied: [...reloaded.applied, ...putInForce()] };
    },
  };
}
