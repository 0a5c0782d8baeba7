import assert from "node:assert/strict";
import { test } from "node:test";
import { createAddressBudget } from "./address-budget.ts";

const limits = { perSecond: 1, burst: 2, addressesMax: 3 };

test("addresses of one IPv6 site share a budget, in every spelling; IPv4 addresses have one each", () => {
  const budget = createAddressBudget(limits);
  budget.failed("2001:db8:0:1::5", 0);
  budget.failed("2001:db8:0:1:ffff:0:0:9", 0);
  assert.equal(budget.waitMs("2001:db8:0:1::", 0), 1_000);
  assert.equal(budget.waitMs("2001:db8:0:2::5", 0), 0);
  for (let n = 0; n < 2; n += 1) budget.failed("::ffff:10.0.0.1", 0);
  assert.equal(budget.waitMs("10.0.0.1", 0), 1_000);
  assert.equal(budget.waitMs("10.0.0.2", 0), 0);
});

test("an address is free again after its time, and of too many addresses the one that was quiet longest is forgotten", () => {
  const budget = createAddressBudget(limits);
  for (let n = 0; n < 4; n += 1) budget.failed("10.0.0.1", 0);
  assert.equal(budget.waitMs("10.0.0.1", 0), 1_000, "who is told to wait is not told for longer each time");
  assert.equal(budget.waitMs("10.0.0.1", 999), 1);
  assert.equal(budget.waitMs("10.0.0.1", 1_000), 0);
  for (const last of [2, 3, 4]) budget.failed(`10.0.0.${last}`, 0);
  assert.equal(budget.waitMs("10.0.0.1", 0), 0);
});
