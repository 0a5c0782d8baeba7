import fs from "node:fs";
import { join } from "node:path";
import { syncBuiltinESMExports } from "node:module";

/**
 * `replacing-process.ts restore|reset HOME FILE N`: a home is changed by a process that is killed before its N-th rename, or
 * in the middle of its N-th removal, as kill -9 does it; with fewer than that it ends by itself, with code 0.
 */
const [what = "", home = "", file = "", count = "0"] = process.argv.slice(2);
let left = Number(count);
const step = (half = (): void => undefined): void => {
  left -= 1;
  if (left !== 0) return;
  half();
  process.kill(process.pid, "SIGKILL");
};
const { renameSync, rmSync } = fs;
fs.renameSync = (from, to) => {
  step();
  renameSync(from, to);
};
fs.rmSync = (path, options) => {
  step(() => rmSync(join(String(path), "keypair.json"), { force: true }));
  rmSync(path, options);
};
syncBuiltinESMExports();

const { homeLife } = await import("../../src/bin/home-life/home-life.ts");
if (what === "restore") await homeLife.restore({ home, from: file, replace: true, passphrase: "geheim" });
else await homeLife.reset({ home, mesh: null, all: false });
