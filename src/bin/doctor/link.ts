import type { LinkErrorKind } from "../../protocol/link-error-kinds.ts";
import { linkEndHints } from "../../daemon/daemon-end.ts";
import type { HealthView } from "../../protocol/local-api.ts";
import { type DaemonCheck, ok, problem, warning } from "./check.ts";

const askOperator = "ask whoever runs the broker";
/** A pause that somebody may wonder about. */
const longPauseMs = 60_000;

/** What each kind of failure means, and what helps. */
const explained: Readonly<Record<LinkErrorKind, readonly [means: string, helps: string]>> = {
  refused: [
    "nothing listens at the broker's address",
    "start the broker: claudemesh broker up in its home; where it runs, and listens elsewhere by now: claudemesh up here, or join by a new invite",
  ],
  name_unknown: ["the broker's name is not known to the name service", "check the name and this host's DNS"],
  unreachable: ["there is no way to the broker's network", "check this host's network, VPN and firewall"],
  no_answer: ["the broker's address does not answer", "check the address, the firewall and whether the broker runs"],
  closed: ["the broker, or something between, closed the link", "claudemesh logs --level warn; it is dialled again"],
  not_a_broker: [
    "what answers at the broker's address is no broker, or a proxy that does not reach it",
    `${askOperator} whether it runs where the proxy passes on to: claudemesh broker status`,
  ],
  certificate_mismatch: [
    "the certificate at the broker's address is not the one that was pinned; nothing was sent to it",
    "if the broker has a new key, join again with a new invite; else somebody stands between",
  ],
  certificate_untrusted: [
    "this system does not trust the certificate at the broker's address",
    `${askOperator}: it may have expired, or name another host`,
  ],
  auth_failed: [
    "the two could not prove themselves: the broker is not the pinned one, or does not know this member",
    "check broker_url in mesh.json; if the broker lost this member, join again with a new invite",
  ],
  member_revoked: ["this member's membership was ended", linkEndHints.member_revoked],
  kicked: [
    "an admin has sent this member away for a while",
    "wait: it is dialled again when the time is over; if an admin has taken it back, claudemesh daemon up --dial",
  ],
  replaced_by_newer_connection: [
    "another daemon uses this member's keys and took the link over",
    linkEndHints.replaced_by_newer_connection,
  ],
  member_already_connected: [
    "another daemon uses this member's keys and keeps the link",
    linkEndHints.member_already_connected,
  ],
  slow_consumer: [
    "this daemon took what was pushed too slowly",
    "see whether the disk is slow or full; it is dialled again",
  ],
  protocol_error: ["one side does not understand the other", "upgrade the older of broker and daemon"],
  feature_unavailable: ["the broker lacks a feature that this daemon requires", linkEndHints.feature_unavailable],
  feature_param_invalid: ["broker and daemon do not agree on a feature", linkEndHints.feature_param_invalid],
  feature_param_below_floor: ["the broker remembers ids for too short a time", linkEndHints.feature_param_below_floor],
  outbox_max_age_above_dedupe_window: [
    "messages may get older here than the broker remembers ids",
    linkEndHints.outbox_max_age_above_dedupe_window,
  ],
  other: ["the link failed", "claudemesh logs --level warn"],
};

export const check: DaemonCheck = {
  name: "link",
  run({ now }, { health }) {
    if (health === null) return [];
    const { state, since, broker_url: url, last_error: error, last_error_kind: kind, next_dial_at: due } = health.link;
    if (state === "connected" && health.link.receives === false)
      return [
        warning(
          `connected to ${url} since ${since}, and only sends: another daemon with this member's keys receives, as the mesh's policy allows`,
          "to receive here, stop the other daemon where it runs: claudemesh daemon down; by which policy the mesh goes: claudemesh mesh concurrency",
        ),
      ];
    if (state === "connected") return [ok(`connected to ${url} since ${since}`)];
    if (state === "stopped" && error === null)
      return [
        warning(
          "this daemon runs for reading alone, because the membership has ended or it was started so: it shows what was received, and dials no broker",
          "if the membership goes on: claudemesh daemon up --no-read-only",
        ),
      ];
    if (error === null) return [warning(`${words(state)} ${url} since ${since}`, "look again in a moment")];
    // A daemon of an earlier version tells no kind.
    const [means, helps] = explained[kind ?? "other"] ?? explained.other;
    const pause = due != null && Date.parse(due) - now > longPauseMs ? `; it is not dialled before ${due}` : "";
    return [problem(`not connected to ${url} since ${since}: ${means} (${error})${pause}`, helps)];
  },
};

function words(state: HealthView["link"]["state"]): string {
  return state === "connecting" ? "connecting to" : state === "waiting" ? "waiting to dial" : "no link to";
}
