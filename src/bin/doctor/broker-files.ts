import type { BrokerCheck } from "./check.ts";
import { filesCheck } from "./files-check.ts";

export const check: BrokerCheck = filesCheck({
  secrets: ["deployment_key.json", "tls_key.pem"],
  files: ["broker.db", "broker.json", "listen.json", "config.toml", "broker.log"],
});
