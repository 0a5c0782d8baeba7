import { readKeypair } from "../../src/daemon/identity/keypair.ts";
import { readMeshFile } from "../../src/daemon/identity/mesh-file.ts";
import { openOwnKeys } from "../../src/daemon/identity/own-keys.ts";
import { createRotation } from "../../src/daemon/identity/rotation.ts";
import { createMembership } from "../../src/daemon/membership/membership.ts";
import { defaultConfig } from "../../src/daemon/config.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { stoppingFiles } from "../../src/base/stopping-files.fixture.ts";
import { adminClient } from "../../src/bin/admin-client.ts";
import type { MembershipEntry } from "../../src/protocol/membership/entry.ts";

/**
 * `rotating-process DIR DATA AT`: changes the keys of the member of DIR at the broker of DATA, by the parts that a daemon does it with, and
 * kills itself in place of operation AT of the disk. Ends with 0 where there are fewer.
 */
const [dir = "", dataDir = "", at = ""] = process.argv.slice(2);
const files = stoppingFiles(Number(at), killed, true);
const admin = adminClient(dataDir);
const { mesh_id: meshId } = readMeshFile(dir);
const nothing = (): void => undefined;
const keys = openOwnKeys({
  dir,
  keypair: readKeypair(dir),
  settings: () => defaultConfig.crypto,
  clock: systemClock,
  log: silentLog,
  count: { expired: nothing, forceExpired: nothing, malformed: nothing },
  files,
});
const membership = createMembership({
  dir,
  meshId,
  identity: keys,
  clock: systemClock,
  log: silentLog,
  disk: files,
  tell: async () => undefined,
  async request(frame) {
    if (frame.type === "membership")
      return { ...(await admin.membershipAbove(meshId, Number(frame["after"]))), log: { epoch: 1, head: 0 } };
    await admin.appendMembership(meshId, [frame["entry"] as MembershipEntry]);
    return {};
  },
});
await createRotation({ keys, meshId, membership, log: silentLog }).rotate();

function killed(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal takes effect before another operation is asked for.
  for (;;);
}
