import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { operation, type Route } from "../../http/route.ts";
import type { ReloadView, TokenRotatedView } from "../../protocol/settings-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import { type LiveConfig, reloadSettings } from "../live-config.ts";
import * as answers from "./answers/settings.schema.ts";
import type { LocalToken } from "./token.ts";

export interface SettingsParts {
  readonly settings: Pick<LiveConfig, "reload">;
  /** The token, whether it is asked for or not. */
  readonly localToken: () => LocalToken;
  readonly listensOnTcp: boolean;
  readonly tokenRotated: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a daemon changes of itself while it runs, its link left as it is. */
export function settingsRoutes(parts: SettingsParts): readonly Route[] {
  const { clock, log } = parts;
  return [
    operation({
      name: "reload",
      method: "POST",
      path: "/v1/reload",
      summary: "Read config.toml again; the link stays. A file that is wrong changes nothing",
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "What changed", body: answers.reloaded }],
      errors: ["invalid_config", "outbox_max_age_above_dedupe_window"],
      handle: () => ({ status: 200, body: reloadSettings(parts.settings, log) satisfies ReloadView }),
    }),
    operation({
      name: "tokenRotate",
      method: "POST",
      path: "/v1/token/rotate",
      summary: "Make a new token for the TCP listener; the one before it holds for another minute",
      body: {},
      bodyOptional: true,
      answers: [{ status: 200, description: "The new token is in the file", body: answers.tokenRotated }],
      errors: ["store_unavailable"],
      handle() {
        const now = clock.now();
        const until = parts.localToken().rotate(now);
        parts.tokenRotated();
        log.info({ security_event: "local_token_rotated" }, "the local API has a new token");
        const view: TokenRotatedView = {
          rotated_at: rfc3339(now),
          previous_valid_until: parts.listensOnTcp ? rfc3339(until) : null,
        };
        return { status: 200, body: view };
      },
    }),
  ];
}
