import { spawn } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { createContainment } from "./create-containment.ts";
import { nothingContains } from "./containment.fixture.ts";

/** As a daemon that was started by a program which left files open in it: prints where the descriptors of its hook lead. */
const folder = process.argv[2] ?? "";
const containment = createContainment({
  dir: folder,
  env: {},
  clock: systemClock,
  log: silentLog,
  count: { call() {}, unenforceable() {} },
  candidates: nothingContains,
});
const path = join(folder, "hook");
writeFileSync(path, "#!/bin/sh\nfor fd in /proc/self/fd/*; do readlink $fd; done\n", { mode: 0o700 });
const launch = await containment.launch({
  hook: "on-dm",
  path,
  fd: openSync(path, "r"),
  event: { id: "1", from: null, topic: null },
  fsPolicy: "private",
  networkPolicy: "none",
  unenforced: "run",
  scopes: [],
  env: { PATH: "/usr/bin:/bin" },
});
if (launch.kind === "run") {
  const child = spawn(launch.command, [...launch.args], launch.options);
  child.stdout?.pipe(process.stdout);
  child.stderr?.pipe(process.stderr);
  await new Promise((resolve) => child.once("close", resolve));
}
await containment.stop();
