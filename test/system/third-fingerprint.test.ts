import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ClaudemeshError } from "../../src/protocol/error.ts";
import { docPages } from "../support/doc-page.ts";
import { programCopy } from "../support/program-copy.ts";
import { run } from "../support/run.ts";
import { upgradedMesh } from "../support/upgraded-mesh.ts";

const v3 = "sha512-256-jcs-v3";
const [v2, v1] = ["sha256-jcs-v2", "sha256-jcs-v1"];

test("the file and the line that the page shows add a version: it is offered, chosen, recorded and checked by who receives it, and older daemons go on with theirs and read what is of it", async (t) => {
  const copy = programCopy(t);
  const blocks = docPages()
    .find(({ path }) => path === "docs/fingerprints.md")
    ?.blocks.filter(({ language }) => language === "ts");
  const [file, line] = blocks ?? [];
  assert.ok(blocks?.length === 2 && file !== undefined && line !== undefined);
  assert.deepEqual(line.text.trimEnd().split("\n").length, 1, "one line");
  copy.add(file.words[0] ?? "", file.text);
  copy.append(line.words[0] ?? "", line.text);
  const compiler = join(copy.root, "node_modules/typescript/bin/tsc");
  const checked = await run(process.execPath, [compiler, "-b", join(copy.root, "src/protocol")]);
  assert.equal(checked.code, 0, checked.stdout);

  const mesh = await upgradedMesh(t, null, copy.root);
  const { alice, bob } = mesh;
  await alice.client.send({ to: "@bob", message: "under the third", mentions: ["@bob"], client_message_id: "third" });
  await alice.client.waitFor("third", "delivered");
  assert.deepEqual(mesh.recordVersions(), [3]);
  const [shown] = (await bob.client.inbox.list()).items;
  assert.deepEqual([shown?.message, shown?.verified], ["under the third", true]);
  const negotiated = (await alice.client.version()).broker_features?.["client_message_id_dedupe"];
  assert.partialDeepStrictEqual(negotiated, { version: 2, fingerprint_versions: [v3, v2, v1] });

  // The present program, which knows two versions, at the broker that offers three: it reads what is of the third.
  await alice.kill();
  await alice.start();
  await bob.client.send({ to: "@alice", message: "read by the older", client_message_id: "read" });
  await bob.client.waitFor("read", "delivered");
  const [read] = (await alice.client.inbox.list()).items;
  assert.deepEqual([read?.message, read?.verified], ["read by the older", true]);
  await alice.client.send({ to: "@bob", message: "under the second", client_message_id: "second" });
  await alice.client.waitFor("second", "delivered");
  assert.deepEqual(mesh.recordVersions(), [3, 3, 2]);
  const again = await alice.client.send({
    to: "@bob",
    message: "under the third",
    mentions: ["@bob"],
    client_message_id: "third",
  });
  assert.deepEqual([again.state, again.history_id], ["done", 1]);
});

test("a row that a program wrote whose usual local version was 1 is compared under that one: the same request is repeated, another is refused", async (t) => {
  const older = programCopy(t);
  older.replace("src/protocol/fingerprint.ts", "localFingerprintVersion = 2", "localFingerprintVersion = 1");
  const { alice } = await upgradedMesh(t, [v2, v1], older.root);
  const hello = { to: "@bob", message: "hello", meta: { b: 1, a: [2] }, client_message_id: "hello" };
  await alice.client.send(hello);
  await alice.client.waitFor("hello", "delivered");
  await alice.kill();
  await alice.start();
  assert.deepEqual((await alice.client.send(hello)).state, "done");
  await assert.rejects(
    alice.client.send({ ...hello, message: "other words" }),
    (refused: ClaudemeshError) => refused.details["conflict"] === "outbox_done_fingerprint_mismatch",
  );
});
