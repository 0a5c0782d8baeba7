import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../broker/listen/given-certificate.ts";
import { readListenRecord } from "../listen-record.ts";
import { ofEnd } from "./certificate.ts";
import type { BrokerCheck } from "./check.ts";

/**
 * The operator's own certificate: whether its files are there and belong together, and how long it is good. Members go by its key and
 * look at no date; whoever sends with an API key over HTTP does.
 */
export const check: BrokerCheck = {
  name: "certificate",
  run({ now }, { dir }) {
    const { tls_cert: cert, tls_key: key } = readListenRecord(dir);
    const given = readCertificate(cert, key);
    if (given === null) return [];
    const end = Date.parse(new X509Certificate(given.cert).validTo);
    return [
      ofEnd(`the certificate ${cert}`, end, now, "renew it around the same key, then: claudemesh broker restart"),
    ];
  },
};
