import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ServiceHost, thisHost } from "./service-host.ts";
import { serviceManager } from "./choose-manager.ts";
import type { ServiceManager } from "./service-manager.ts";
import { readServiceMark, type ServiceMark } from "./service-mark.ts";
import type { ServiceScope } from "./service-spec.ts";

/** A service file of a home, as install-service wrote it. */
export interface InstalledService extends ServiceMark {
  readonly name: string;
  readonly scope: ServiceScope;
  readonly path: string;
}

const scopes: readonly ServiceScope[] = ["user", "system"];

/** The services of a home that this machine's manager has files of. Changes nothing and asks nobody. */
export function installedServices(home: string, host: ServiceHost = thisHost): InstalledService[] {
  let manager: ServiceManager;
  try {
    manager = serviceManager(host);
  } catch {
    // No manager that we know, so nothing that we installed.
    return [];
  }
  return scopes.flatMap((scope) => {
    const folder = manager.folder(scope, home);
    return filesOf(folder).flatMap((fileName) => {
      const name = manager.nameOf(fileName);
      if (name === null) return [];
      const path = join(folder, fileName);
      const mark = markOf(manager, path);
      return mark === null || mark.home !== home ? [] : [{ ...mark, name, scope, path }];
    });
  });
}

/** null: not there, not readable, or not ours. */
export function markOf(manager: ServiceManager, path: string): ServiceMark | null {
  try {
    return readServiceMark(manager.readText(readFileSync(path)));
  } catch {
    return null;
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
