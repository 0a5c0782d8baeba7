import { ClaudemeshError } from "../../protocol/error.ts";
import { launchdManager } from "./launchd-manager.ts";
import type { ServiceHost } from "./service-host.ts";
import type { ServiceManager } from "./service-manager.ts";
import { systemdManager } from "./systemd-manager.ts";
import { windowsManager } from "./windows-manager.ts";

/** The manager of an operating system; one more is a file and a line here. */
export function serviceManager(host: ServiceHost): ServiceManager {
  if (host.platform === "linux") return systemdManager(host);
  if (host.platform === "darwin") return launchdManager(host);
  if (host.platform === "win32") return windowsManager(host);
  throw new ClaudemeshError("not_allowed", `services are not installed on ${host.platform}`, {
    hint: "let what starts your programs run: claudemesh daemon run --all",
  });
}
