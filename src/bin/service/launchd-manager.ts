import { join } from "node:path";
import { launchdPlist } from "./launchd-plist.ts";
import type { ServiceHost } from "./service-host.ts";
import { rootHint, type ServiceManager, type ToolCall } from "./service-manager.ts";

export function launchdManager(host: ServiceHost): ServiceManager {
  const call = (...args: readonly string[]): ToolCall => ({ command: "/bin/launchctl", args });
  const domain = (scope: string): string => (scope === "system" ? "system" : `gui/${host.uid}`);
  const label = (name: string): string => name.replace(/^claudemesh-/, "claudemesh.");
  return {
    title: "launchd",
    usualHome: (scope) =>
      scope === "system" ? "/Library/Application Support/claudemesh" : join(host.homeFolder, ".claudemesh"),
    folder: (scope) =>
      scope === "system" ? join(host.root, "/Library/LaunchDaemons") : join(host.homeFolder, "Library/LaunchAgents"),
    fileName: (name) => `${label(name)}.plist`,
    nameOf(file) {
      const rest = /^claudemesh\.(.*)\.plist$/.exec(file)?.[1];
      return rest === undefined ? null : `claudemesh-${rest}`;
    },
    bytes: (spec, name) => Buffer.from(launchdPlist(spec, label(name))),
    readText: (bytes) => bytes.toString("utf8"),
    check() {},
    // Also one that was disabled by hand.
    enable: ({ name, scope }) => [call("enable", `${domain(scope)}/${label(name)}`)],
    start: ({ name, scope, path }) => [
      // What is loaded keeps what its file said then.
      { ...call("bootout", `${domain(scope)}/${label(name)}`), mayFail: true },
      // Until that has ended, there is an input/output error.
      { ...call("bootstrap", domain(scope), path), tries: 5 },
    ],
    disable: ({ name, scope }) => [{ ...call("bootout", `${domain(scope)}/${label(name)}`), mayFail: true }],
    forget: () => [],
    notices: (scope) => (scope === "system" ? [] : ["it starts when you log in, and ends when you log out"]),
    failureHint: (scope) =>
      scope === "system"
        ? rootHint(host, "install-service --system")
        : "an agent of a user needs a session at the screen; for the whole machine: install-service --system",
  };
}
