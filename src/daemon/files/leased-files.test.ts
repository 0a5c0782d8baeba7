import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "../../base/manual-clock.fixture.ts";
import type { Attachment } from "../../protocol/attachment.ts";
import { fileLimits } from "./file-limits.ts";
import { createLeasedFiles } from "./leased-files.ts";

const file: Attachment = {
  name: "a",
  bytes: 1,
  content_type: "text/plain",
  file_id: "1".repeat(64),
  key: "A".repeat(43),
};
const lease = (leaseId: string, queue = "jobs") => ({ queue, leaseId });

test("a lease's files are known in its queue until it ends, is extended to, or is given back", () => {
  const clock = createManualClock(0);
  const leased = createLeasedFiles(clock);
  for (const id of ["a", "b"]) leased.keep(lease(id), [file], 60);
  assert.deepEqual(leased.of(lease("a")), [file]);
  assert.equal(leased.of(lease("a", "other")), null);
  assert.equal(leased.of(lease("c")), null);
  leased.extend("a", 100);
  leased.extend("a", 10);
  leased.extend("c", 100);
  leased.drop("b");
  assert.equal(leased.of(lease("b")), null);
  clock.jump(99);
  assert.deepEqual(leased.of(lease("a")), [file]);
  clock.jump(100);
  assert.equal(leased.of(lease("a")), null);
});

test("so many files are remembered and no more: what ends first goes first", () => {
  const leased = createLeasedFiles(createManualClock(0));
  const perLease = 32;
  const files = Array<Attachment>(perLease).fill(file);
  const leases = fileLimits.leasedFilesMax / perLease;
  for (let n = 0; n < leases; n += 1) leased.keep(lease(`${n}`), files, 1_000 - n);
  assert.deepEqual(leased.of(lease(`${leases - 1}`)), files);
  leased.keep(lease("one more"), [file], 5_000);
  assert.equal(leased.of(lease(`${leases - 1}`)), null);
  for (const id of ["0", `${leases - 2}`, "one more"]) assert.ok(leased.of(lease(id)) !== null, id);
  // The same lease told again, as after a lost answer, takes no room twice.
  for (let n = 0; n < 2 * leases; n += 1) leased.keep(lease("0"), files, 1_000);
  assert.ok(leased.of(lease(`${leases - 2}`)) !== null);
});
