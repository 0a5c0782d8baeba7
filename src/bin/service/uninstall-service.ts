import { rmSync } from "node:fs";
import { resolve } from "node:path";
import type { ServiceShown, UninstallServiceRequest } from "../../cli/launcher.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { installedServices, type InstalledService } from "./installed-services.ts";
import { runCalls } from "./run-calls.ts";
import { type ServiceHost, thisHost } from "./service-host.ts";
import { serviceManager } from "./choose-manager.ts";
import { rootHint } from "./service-manager.ts";

/**
 * Stops and removes the services of a home that install-service made, in both scopes: of one mesh, or of one kind, where
 * that is said. Files without its mark are not looked at. Answers what was removed.
 */
export async function uninstallServices(
  request: UninstallServiceRequest,
  host: ServiceHost = thisHost,
): Promise<readonly ServiceShown[]> {
  const meant = installedServices(resolve(request.home), host).filter((service) => isMeant(service, request));
  if (meant.length === 0) return [];
  const manager = serviceManager(host);
  const removed: ServiceShown[] = [];
  for (const service of meant) {
    const { name, of, scope, path } = service;
    await runCalls(host, manager.disable(service), manager.failureHint(scope));
    try {
      rmSync(path);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ClaudemeshError("not_allowed", `${path} cannot be removed: ${reason}`, {
        hint: rootHint(host, "uninstall-service"),
        cause: thrown,
      });
    }
    await runCalls(host, manager.forget(service), manager.failureHint(scope));
    removed.push({ name, of, scope, path, change: "removed" });
  }
  return removed;
}

function isMeant(
  service: InstalledService,
  { mesh = null, broker = null, scope = null }: UninstallServiceRequest,
): boolean {
  if (scope !== null && service.scope !== scope) return false;
  if (broker !== null && (service.of === "broker") !== broker) return false;
  return mesh === null || service.mesh === mesh;
}
