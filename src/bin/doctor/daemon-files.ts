import { daemonFiles } from "../../daemon/daemon-files.ts";
import type { DaemonCheck } from "./check.ts";
import { filesCheck } from "./files-check.ts";

export const check: DaemonCheck = filesCheck(daemonFiles);
