import { hostStanding } from "../../daemon/identity/host/host-standing.ts";
import { cloneSettingsIfRead } from "../start-settings.ts";
import { type DaemonCheck, ok, problem, warning } from "./check.ts";

/** Whether the member is on the host that it was on. What its file would keep from starting is thrown in the daemon's own words. */
export const check: DaemonCheck = {
  name: "host",
  async run(host, { dir, slug }) {
    // Settings that cannot be read are told by their own check.
    const clone = cloneSettingsIfRead(dir, () => host.overrides("daemon", dir));
    const { state, source, policy, detectionOff } = await hostStanding(dir, clone, host.readers);
    const accept = `claudemesh accept-host --mesh ${slug}`;
    const helps = `if it is the same member on a new host: ${accept}; if the other one still runs, a member of its own: claudemesh remint LINK --yes --mesh ${slug}`;
    switch (state) {
      case "missing":
        return [];
      case "mismatch":
        return [
          policy === "refuse"
            ? problem("this member belongs to another host, so its daemon does not start here", helps)
            : warning(
                `this member belongs to another host; it is started all the same, since clone.policy is ${policy}`,
                helps,
              ),
        ];
      case "suspected":
        return [warning("none of the network addresses is here that this member's host had: it may be a copy", helps)];
      case "unreadable":
        return [
          warning(
            `${source ?? "what this member's host was known by"} cannot be read now, so whether it is the same host is not known`,
            `once you know that no copy of this home runs elsewhere: ${accept}`,
          ),
        ];
      case "same":
        return [
          detectionOff
            ? warning(
                "this host has nothing that it could be known by, so a copy of this home would not be noticed",
                `claudemesh daemon restart --mesh ${slug} looks again; if there is nothing: claudemesh config set clone.id_override ID --mesh ${slug}, with an id that no other host has`,
              )
            : ok(`this host is the one that the member was on, by ${source ?? "its earlier fingerprint"}`),
        ];
    }
  },
};
