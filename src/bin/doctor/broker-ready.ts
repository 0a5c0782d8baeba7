import { type BrokerCheck, ok, problem } from "./check.ts";

export const check: BrokerCheck = {
  name: "ready",
  async run({ isReady }, { status }) {
    if (status.state !== "running" || status.url === null) return [];
    const page = new URL("/readyz", status.url.replace(/^ws/, "http"));
    const ready = await isReady(page.href);
    if (ready === true) return [ok(`${page.href} says that it takes traffic`)];
    const text = ready === null ? `${page.href} does not answer` : `${page.href} says that it must not get traffic`;
    return [problem(text, "claudemesh logs --broker --level warn")];
  },
};
