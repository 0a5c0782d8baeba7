import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "../../test/support/temp-folder.ts";
import { countInClear } from "./demo-search.ts";

const content = (text: string) => ({ label: text.slice(0, 5), bytes: Buffer.from(text) });

test("a content is found as it is and in base64, wherever it stands under the folder", (t) => {
  const folder = tempFolder(t);
  const long = content("a long content of which a database splits the end ".repeat(5));
  const [short, base64, absent] = [
    content("a short one!!"),
    content("one in base64, alone"),
    content("one that is sealed"),
  ];
  mkdirSync(join(folder, "deep"));
  writeFileSync(join(folder, "deep", "a.db"), Buffer.concat([Buffer.from([0, 255]), long.bytes.subarray(0, 60)]));
  writeFileSync(join(folder, "b.json"), `{"body":"${base64.bytes.toString("base64url")}","other":"a short one!!"}`);
  assert.deepEqual(countInClear(folder, [long, short, base64, absent]), { found: 3, of: 4 });
});

test("what is too short to be told from chance is not looked for", (t) => {
  assert.deepEqual(countInClear(tempFolder(t), [content("hi")]), { found: 0, of: 0 });
});
