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

const { groups } = parse(read("deploy/alerts.yml")) as { groups: readonly { rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const table = read("docs/operations.md").split("### Alerts")[1]?.split("### ")[0] ?? "";

test("every metric that the alerts ask for exists, and the guide explains each of them", () => {
  assert.ok(rules.length > 10);
  const broker = new Set(
    createBrokerMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name),
  );
  const daemon = read("src/daemon/metrics.ts");
  for (const { alert, expr } of rules)
    for (const name of expr.match(/\bcm_\w+/g) ?? []) {
      const base = name.replace(/_bucket$/, "");
      assert.ok(broker.has(base) || daemon.includes(`"${base}"`), `${alert}: ${name}`);
      assert.ok(table.includes(base), `${alert}: ${name} is not explained`);
    }
});

test("every alert of the guide is among the rules", () => {
  const asked = new Set(rules.flatMap(({ expr }) => expr.match(/\bcm_\w+/g) ?? []));
  const conditions = [...table.matchAll(/^\| (?!alert when|-)(.*?) \|/gm)].map(([, condition = ""]) => condition);
  assert.ok(conditions.length > 15);
  for (const condition of conditions)
    for (const name of condition.match(/\bcm_\w+/g) ?? []) assert.ok(asked.has(name), `${name} has no rule`);
});
