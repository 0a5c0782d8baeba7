import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadDeploymentKey } from "../../broker/deployment-key.ts";
import { unreadable } from "../../daemon/backup/backup-header.ts";
import { checkMigrations } from "../../daemon/backup/check-restored.ts";
import type { Manifest, OfBroker } from "../../daemon/backup/manifest.ts";
import { brokerDir, stopBroker } from "../launch-broker.ts";
import type { Place } from "./place.ts";

const migrations = { "broker.db": fileURLToPath(new URL("../../../migrations/broker/sqlite", import.meta.url)) };

/** Where the broker of a backup belongs in this home. */
export function brokerPlace(home: string, manifest: Manifest & OfBroker): Place {
  const dir = brokerDir(home);
  return {
    dir,
    name: "broker",
    check(opened) {
      checkMigrations(manifest, migrations);
      const key = loadDeploymentKey(join(opened, "deployment_key.json"), { isFirstStart: false, now: Date.now() });
      if (key.publicKeyHex !== manifest.broker_key) throw unreadable();
    },
    stop: () => stopBroker(dir),
    settle: async () => [],
    notices: [
      "the broker must run in one place only: never start the one again that the backup was made of",
      "members of other hosts follow it to another address by a link: claudemesh invite, then claudemesh join LINK there",
      ...(manifest.messages ? [] : ["the backup was made with the keys alone: this broker knows no mesh"]),
    ],
  };
}
