import { type DaemonCheck, ok, type Outcome, problem, warning } from "./check.ts";

const dayMs = 86_400_000;
/** Authorities that renew by themselves do it a month before the end, and one that has not by then has failed. */
const warningDays = 14;

/** The certificate of a broker behind a proxy, which the system must trust: one that is pinned has no end. */
export const check: DaemonCheck = {
  name: "certificate",
  async run(host, { brokerTls }) {
    if (brokerTls === null) return [];
    const end = await host.certificateEnd(brokerTls.host, brokerTls.port);
    return end === null
      ? []
      : [ofEnd(`the certificate of ${brokerTls.host}`, end, host.now, "ask whoever runs the proxy to renew it")];
  },
};

/** What the day on which a certificate ends means. `helps` names who renews it. */
export function ofEnd(what: string, end: number, now: number, helps: string): Outcome {
  const day = new Date(end).toISOString().slice(0, 10);
  if (end <= now) return problem(`${what} ended on ${day}`, helps);
  const days = Math.floor((end - now) / dayMs);
  if (days < warningDays) return warning(`${what} ends on ${day}, in ${days} days`, helps);
  return ok(`${what} is good until ${day}`);
}
