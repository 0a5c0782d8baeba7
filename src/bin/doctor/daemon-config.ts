import { parseConfig } from "../../daemon/config.ts";
import type { DaemonCheck } from "./check.ts";
import { configCheck } from "./config-check.ts";

export const check: DaemonCheck = configCheck("daemon", parseConfig);
