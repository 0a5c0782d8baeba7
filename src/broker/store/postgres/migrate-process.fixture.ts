import { systemClock } from "../../../base/clock.ts";
import { silentLog } from "../../../base/log.ts";
import { migrate } from "./migrate.ts";

/** `migrate-process URL FOLDER`: a program that migrates and ends. */
const [url = "", folder = ""] = process.argv.slice(2);
await migrate({ url, folder, clock: systemClock, log: silentLog });
