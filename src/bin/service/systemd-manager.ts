import { existsSync } from "node:fs";
import { join } from "node:path";
import { ClaudemeshError } from "../../protocol/error.ts";
import { presentTool, type ServiceHost } from "./service-host.ts";
import { rootHint, type ServiceManager, type ToolCall } from "./service-manager.ts";
import { systemdUnit } from "./systemd-unit.ts";

export function systemdManager(host: ServiceHost): ServiceManager {
  const command = presentTool(["/usr/bin/systemctl", "/bin/systemctl"]);
  const call = (scope: string, ...args: readonly string[]): ToolCall => ({
    command,
    args: [...(scope === "user" ? ["--user"] : []), ...args],
  });
  const fileName = (name: string): string => `${name}.service`;
  return {
    title: "systemd",
    usualHome: (scope) => (scope === "system" ? "/var/lib/claudemesh" : join(host.homeFolder, ".claudemesh")),
    folder(scope) {
      if (scope === "system") return join(host.root, "/etc/systemd/system");
      const config = host.env["XDG_CONFIG_HOME"];
      return join(config === undefined || config === "" ? join(host.homeFolder, ".config") : config, "systemd/user");
    },
    fileName,
    nameOf: (file) => /^(claudemesh-.*)\.service$/.exec(file)?.[1] ?? null,
    bytes: (spec) => Buffer.from(systemdUnit(spec)),
    readText: (bytes) => bytes.toString("utf8"),
    check() {
      // Present exactly where systemd is what started the machine.
      if (existsSync(join(host.root, "/run/systemd/system"))) return;
      throw new ClaudemeshError("not_allowed", "systemd does not run on this machine, so it can start no service", {
        hint: "let what starts your programs run `claudemesh daemon run --all`; --dry-run shows the unit",
      });
    },
    enable: ({ name, scope }) => [call(scope, "daemon-reload"), call(scope, "enable", fileName(name))],
    start: ({ name, scope }) => [
      // One that had failed too often is tried again now: a person is here.
      { ...call(scope, "reset-failed", fileName(name)), mayFail: true },
      call(scope, "restart", fileName(name)),
    ],
    disable: ({ name, scope }) => [call(scope, "disable", "--now", fileName(name))],
    forget: ({ name, scope }) => [
      call(scope, "daemon-reload"),
      { ...call(scope, "reset-failed", fileName(name)), mayFail: true },
    ],
    notices(scope) {
      if (scope === "system" || existsSync(join(host.root, "/var/lib/systemd/linger", host.userName))) return [];
      return [
        `it ends when you log out, and starts when you log in, unless you run: loginctl enable-linger ${host.userName}`,
      ];
    },
    failureHint: (scope) =>
      scope === "system"
        ? rootHint(host, "install-service --system")
        : "a user's services need that user's own session: log in as that user, or set XDG_RUNTIME_DIR=/run/user/UID; for the whole machine: install-service --system",
  };
}
