import assert from "node:assert/strict";
import { test } from "node:test";
import { readTarget } from "./read-target.ts";

test("path and query of a target are found in both of its forms", () => {
  for (const [target, path, query] of [
    ["/v1/inbox", "/v1/inbox", ""],
    ["/v1/inbox?q=a%20b+c", "/v1/inbox", "q=a+b+c"],
    ["http://127.0.0.1:1/v1/inbox?q=1?2", "/v1/inbox", "q=1%3F2"],
    ["http://localhost", "", ""],
  ] as const) {
    const read = readTarget(target);
    assert.deepEqual([read.path, String(read.query), read.queryIsUtf8], [path, query, true], target);
  }
});

test("a query whose bytes are no UTF-8 is known as that; a percent sign by itself is one", () => {
  for (const query of ["q=%ff", "q=%C0%AF", "q=%ed%a0%80", "%e2%82=1", "q=Ã©", "q=100%&r=%ff"])
    assert.equal(readTarget(`/v1/inbox?${query}`).queryIsUtf8, false, query);
  for (const query of ["q=%C3%A9", "q=%F0%9F%98%80", "q=100%", "q=%zz", "q=%EF%BF%BD", ""])
    assert.equal(readTarget(`/v1/inbox?${query}`).queryIsUtf8, true, query);
});
