import { ClaudemeshError } from "../../../protocol/error.ts";
import type { StoreCore } from "./core.ts";

/**
 * Members pin the deployment's key, and positions are authenticated under its secret: a broker with another key over the
 * same log would be a stranger to all of them. The first broker's key is recorded; another one is refused. Warns when the server
 * is set so that a crash can lose what it has committed.
 */
export async function claimDeployment(core: StoreCore): Promise<void> {
  const { brokerId, publicKeyHex } = core.options.deployment;
  await core.transaction(async (tx) => {
    await tx.rows("LOCK TABLE mesh.deployment IN EXCLUSIVE MODE");
    const [known] = await tx.rows("SELECT broker_id, public_key FROM mesh.deployment LIMIT 1");
    if (known === undefined) {
      await tx.rows("INSERT INTO mesh.deployment (broker_id, public_key) VALUES ($1, $2)", [brokerId, publicKeyHex]);
      return;
    }
    if (known["broker_id"] === brokerId && known["public_key"] === publicKeyHex) return;
    throw new ClaudemeshError(
      "invalid_config",
      "this database belongs to brokers with another deployment key: every member knows them by that key",
      {
        hint: "CLAUDEMESH_DEPLOYMENT_DIR must name the folder that they share, or a copy of all of it; another deployment takes another database",
      },
    );
  });
  const [settings] = await core.rows(
    "SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes",
  );
  for (const [name, value] of Object.entries(settings ?? {}))
    if (value !== "on")
      core.options.log.error({ setting: name, value }, "THE DATABASE SERVER MAY LOSE WHAT IT HAS COMMITTED: set it on");
}
