import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findingNames } from "../src/bin/doctor/doctor.ts";

test("the page on troubleshooting has a line for everything that the doctor looks at, and for nothing else", () => {
  const page = readFileSync(new URL("../docs/troubleshooting.md", import.meta.url), "utf8");
  const table = /^\| finding \|.*?\n\n/ms.exec(page)?.[0] ?? "";
  const named = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(named.toSorted(), findingNames.toSorted());
});
