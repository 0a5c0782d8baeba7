import { join } from "node:path";
import type { TestContext } from "node:test";
import { host, ok, type TestHost } from "./claudemesh.ts";
import { tempFolder } from "./temp-folder.ts";

/** Two homes on one broker, both up. The broker is alice's. */
export async function cliPair(t: TestContext): Promise<{ readonly alice: TestHost; readonly bob: TestHost }> {
  const folder = tempFolder(t);
  const alice = host(t, "alice", folder);
  const bob = host(t, "bob", folder);
  ok(await alice.up());
  ok(await bob.up("--broker", join(alice.home, "broker")));
  return { alice, bob };
}
