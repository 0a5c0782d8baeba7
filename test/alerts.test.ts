import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { createBrokerMetrics } from "../src/broker/metrics.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

test("every metric that the alerts ask for exists, and the guide explains each of them", () => {
  const { groups } = parse(read("deploy/alerts.yml")) as { groups: readonly { rules: readonly Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 10);
  const broker = new Set(
    createBrokerMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name),
  );
  const daemon = read("src/daemon/metrics.ts");
  const table = read("docs/operations.md").split("### Alerts")[1]?.split("### ")[0] ?? "";
  for (const { alert, expr } of rules)
    for (const name of expr.match(/\bcm_\w+/g) ?? []) {
      const base = name.replace(/_bucket$/, "");
      assert.ok(broker.has(base) || daemon.includes(`"${base}"`), `${alert}: ${name}`);
      assert.ok(table.includes(base), `${alert}: ${name} is not explained`);
    }
});
