import { defaultBrokerConfig, parseBrokerConfig } from "../../broker/config.ts";
import type { BrokerCheck } from "./check.ts";
import { configCheck } from "./config-check.ts";

export const check: BrokerCheck = configCheck("broker", (source, path, overrides) =>
  parseBrokerConfig(source, path, defaultBrokerConfig, overrides),
);
