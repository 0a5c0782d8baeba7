import { type DaemonCheck, ok, problem } from "./check.ts";

/** Whether the broker shows the membership that this home holds. Apart from it, nothing that it says of members is believed. */
export const check: DaemonCheck = {
  name: "membership",
  run(_host, { health }) {
    // A daemon of an earlier version tells nothing of it.
    if (health?.membership === undefined) return [];
    const { entries, trouble } = health.membership;
    if (trouble !== null) return [problem(`${trouble.message} (${trouble.code})`, trouble.hint)];
    return [
      ok(`${entries === 1 ? "1 entry" : `${entries} entries`}, the same at the broker when it was looked at last`),
    ];
  },
};
