import { brokerFiles } from "../../broker/broker-files.ts";
import type { BrokerCheck } from "./check.ts";
import { filesCheck } from "./files-check.ts";

export const check: BrokerCheck = filesCheck(brokerFiles);
