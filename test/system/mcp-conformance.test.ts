import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bridge } from "../support/mcp/bridge.ts";
import { serveSuite } from "../support/mcp/suite-server.ts";
import { run } from "../support/run.ts";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const suite = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

/** Plays scenarios of the official suite; answers what it said when it failed, else null. */
async function play(url: string, words: readonly string[], folder: string): Promise<string | null> {
  const { code, stdout, stderr } = await run(process.execPath, [suite, "server", "--url", url, ...words], {
    cwd: folder,
  });
  return code === 0 ? null : `${stdout}${stderr}`;
}

test("the official conformance suite passes over the product's server and streams", async (t) => {
  const url = await bridge(t, serveSuite);
  assert.equal(await play(url, ["--suite", "active"], tempFolder(t)), null);
});
