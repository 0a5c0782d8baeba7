import { wholeNumber } from "./config-file.ts";
import { ClaudemeshError } from "./error.ts";
import { limits } from "./limits.ts";

/** `[link]` of the daemon's and the broker's config.toml: how often a peer is pinged, and after how long a silence given up. */
export interface LinkSeconds {
  readonly ping_seconds: number;
  readonly silence_seconds: number;
}

const secondsMax = 3_600;
const seconds = (help: string) => ({
  help,
  takes: `a whole number of seconds from 1 to ${secondsMax}`,
  read: (value: unknown) => wholeNumber(value, 1, secondsMax),
});

export const defaultLinkSeconds: LinkSeconds = {
  ping_seconds: limits.pingIntervalMs / 1_000,
  silence_seconds: limits.silenceMs / 1_000,
};

export const linkKeys = {
  ping_seconds: seconds("seconds after which an idle link is pinged; fewer where a network forgets idle connections"),
  silence_seconds: seconds("seconds without a word after which a link is given up; at least twice ping_seconds"),
};

/** Of a daemon, whose link goes on by other seconds without being dialled again. */
export const liveLinkKeys = {
  ping_seconds: { ...linkKeys.ping_seconds, live: true },
  silence_seconds: { ...linkKeys.silence_seconds, live: true },
} as const;

/** One lost ping must not end a link that is well. `place`: where the two were given. */
export function checkLinkSeconds(link: LinkSeconds, place: string): void {
  if (link.silence_seconds >= 2 * link.ping_seconds) return;
  throw new ClaudemeshError(
    "invalid_config",
    `${place}: link.silence_seconds (${link.silence_seconds}) must be at least twice link.ping_seconds (${link.ping_seconds})`,
    { hint: "give both in [link]" },
  );
}
